package commitment

import (
	"quorumlab/protocols"
	"quorumlab/protocols/resource"
)

// Where no vote decides: the only participant of a transaction commits it, or
// refuses it for good, by itself; and who has only read is done with its vote.

// Finishes tells whether executing a request is the end of it, for good: nobody
// else takes part, and there is something to be written down.
func Finishes(task Task, o *resource.Outcome) bool {
	return task == TaskPerform && !o.Wait && !o.Earlier && !o.Superseded && o.Vote != resource.ReadOnly
}

// Finish commits, or refuses for good, what nobody else takes part in.
func (s *Site) Finish(share *Share, r *resource.Request, o *resource.Outcome, what string, out *protocols.Effects) {
	if o.Vote == resource.No {
		share.State, share.Finished = Aborted, resource.RefuseAlone(r, o.Refusal)
	} else {
		share.State, share.Finished = Committed, s.Store.Alone(r.Transaction)
	}
	s.Force(&share.Pending, r.Transaction, share.Finished, what, out)
}

// Finished carries out what is on disk now. It returns what the coordinator is to
// be told, and the requests that may get their locks.
func (s *Site) Finished(record resource.Finished, out *protocols.Effects) (Reported, []resource.Request) {
	id := record.Branch.Transaction
	done := Reported{Transaction: id, Vote: resource.Yes, Answer: Answer{Results: record.Branch.Results}}
	decision := resource.Commit
	var free []resource.Request
	if record.Refusal == "" {
		free = s.Store.Resolve(id, resource.Commit)
	} else {
		free = s.Store.Refused(record)
		done.Vote, done.Answer, decision = resource.No, Answer{Refusal: record.Refusal}, resource.Abort
	}
	NoteVote(id, done.Vote, out)
	NoteDecision(id, decision, out)
	return done, free
}

// performedAgain tells once more what came of a transaction that only this node
// took part in. If the client has asked for something else since, nobody waits
// for it.
func (s *Site) performedAgain(r *resource.Request, decision resource.Decision) Reported {
	done := Reported{Transaction: r.Transaction, Vote: resource.No, Answer: Answer{Superseded: true}}
	if session := s.Store.Sessions[r.Client]; session.Transaction == r.Transaction {
		done.Answer = Answer{Results: session.Results, Refusal: session.Refusal}
		if decision == resource.Commit {
			done.Vote = resource.Yes
		}
	}
	return done
}

// ReadOnly gives up the locks of who has only read, with its vote: all locks of the
// transaction were taken by now. What becomes of it is not this node's affair. It
// returns the requests that may get their locks.
func (s *Site) ReadOnly(id resource.ID, task Task, out *protocols.Effects) []resource.Request {
	if task == TaskPerform {
		return s.Store.Release(id)
	}
	NoteVote(id, resource.ReadOnly, out)
	return s.Store.Leave(id)
}
