package resource

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// Store is what one participant owns. It implements protocols.Resource.
type Store struct {
	// Committed holds the values of the keys that the node owns.
	Committed machine.KV
	// Locks holds the keys that are locked.
	Locks map[string]Lock
	// Branches holds the transactions that were executed and not decided.
	Branches map[ID]Branch
	// Waiting holds the requests that wait for locks, in order.
	Waiting []Request
	// Sessions holds what was answered to each client's last request, of the
	// machine.SessionLimit clients that asked last.
	Sessions map[protocols.ClientID]Session
	// Ended holds what is left of sessions that ended, by growing client.
	Ended []machine.Ended
	// Forgotten is the highest client of whose ended session nothing is left.
	Forgotten protocols.ClientID
	// Over holds the decisions on transactions that are over, of those whose
	// count is not below their coordinator's watermark: all below are over. That
	// on one that the node has only read for is Undecided.
	Over       map[ID]Decision
	Watermarks map[protocols.NodeID]uint64
}

// Lock is the lock of one key: Exclusive, or any number of Shared.
type Lock struct {
	Exclusive ID
	Shared    []ID // in growing order
}

// NewStore returns a store that owns, of the values of a machine, a node's own.
func NewStore(self protocols.NodeID, ownership Ownership, initial protocols.StateMachine) (Store, error) {
	kv, ok := initial.(*machine.KV)
	if !ok {
		return Store{}, fmt.Errorf("a participant owns a part of a *machine.KV, given is a %T", initial)
	}
	s := Store{Committed: *machine.NewKV()}
	for _, key := range slices.Sorted(maps.Keys(kv.Values)) {
		if ownership.Owner(key) == self {
			s.Committed.Values[key] = kv.Values[key]
		}
	}
	s.clear()
	return s, nil
}

func (s *Store) clear() {
	s.Locks, s.Branches = map[string]Lock{}, map[ID]Branch{}
	s.Sessions, s.Over = map[protocols.ClientID]Session{}, map[ID]Decision{}
	s.Ended, s.Forgotten = nil, 0
	s.Watermarks = map[protocols.NodeID]uint64{}
}

// Outcome is what executing a request came to.
type Outcome struct {
	// Wait: it waits for locks. Resolve or Release will return it when they
	// may be free, to be executed again.
	Wait bool
	// Vote is what the participant would say now; Refusal is why not.
	Vote    Vote
	Refusal string
	// Results are those of the commands; of an Earlier request, the first ones.
	Results []machine.Result
	// Earlier: the client's request was carried out before, as another
	// transaction; this one must not be. Superseded: a later request of the
	// client was: nobody waits for the answer to this one.
	Earlier, Superseded bool
	// Blocker is a transaction in doubt whose lock was in the way, 0 if none.
	Blocker ID
}

// Execute executes a request tentatively. With Vote Yes or ReadOnly there is a
// branch, which holds its locks, until it is resolved or released; else there is
// none. A request that is executed already, or waits, gives the same again.
func (s *Store) Execute(r Request) Outcome {
	if branch, executed := s.Branches[r.Transaction]; executed {
		return Outcome{Vote: s.voteOf(&branch), Results: branch.Results}
	}
	if outcome, known := s.repeated(&r); known {
		return outcome
	}
	shared, exclusive := keysOf(r.Commands)
	waits, blocked, blocker := s.judge(&r, shared, exclusive)
	if blocked {
		outcome := Outcome{Wait: waits, Blocker: blocker}
		if !waits {
			s.Forget(r.Transaction)
			outcome.Vote, outcome.Refusal = No, protocols.Conflict
		} else if !s.Waits(r.Transaction) {
			s.Waiting = append(s.Waiting, r)
		}
		return outcome
	}
	s.Forget(r.Transaction)
	branch := Branch{
		Transaction: r.Transaction, Begun: r.Begun, Client: r.Client, Number: r.Number,
		Participants: r.Participants, Voters: r.Voters, Shared: shared, Exclusive: exclusive,
	}
	if !s.perform(&r, &branch) {
		return Outcome{Vote: No, Refusal: protocols.Aborted, Results: branch.Results}
	}
	s.lock(&branch)
	s.Branches[r.Transaction] = branch
	return Outcome{Vote: s.voteOf(&branch), Results: branch.Results}
}

// voteOf: a branch that locks nothing exclusively can change nothing. One that
// could, and did not, is remembered all the same: a retry must get its answer.
func (s *Store) voteOf(b *Branch) Vote {
	if len(b.Exclusive) == 0 {
		return ReadOnly
	}
	return Yes
}

// perform executes the commands on what they touch and keeps the images. It
// reports false if a condition does not hold that aborts the transaction.
func (s *Store) perform(r *Request, branch *Branch) bool {
	tried := machine.KV{Values: map[string]string{}}
	for _, keys := range [][]string{branch.Shared, branch.Exclusive} {
		for _, key := range keys {
			if value, found := s.Committed.Values[key]; found {
				tried.Values[key] = value
			}
		}
	}
	for _, c := range r.Commands {
		result := tried.Apply(c).(machine.Result)
		branch.Results = append(branch.Results, result)
		if r.Conditional && c.Refused(result) {
			return false
		}
	}
	for _, key := range branch.Exclusive {
		image := Image{Key: key, Before: valueIn(s.Committed.Values, key), After: valueIn(tried.Values, key)}
		if image.Before != image.After {
			branch.Images = append(branch.Images, image)
		}
	}
	return true
}

func valueIn(values map[string]string, key string) Value {
	text, present := values[key]
	return Value{Text: text, Present: present}
}

// Prepare binds the participant to a branch and returns the record that is to
// be forced before it tells its YES.
func (s *Store) Prepare(id ID) Prepared {
	branch, executed := s.Branches[id]
	if !executed {
		panic(fmt.Sprintf("resource: transaction %v is prepared without being executed", id))
	}
	branch.Prepared = true
	s.Branches[id] = branch
	return Prepared{Branch: branch}
}

// Alone returns the record to be forced before a branch without other
// participants is committed.
func (s *Store) Alone(id ID) Finished {
	record := Finished{Branch: s.Prepare(id).Branch}
	return record
}

// RefuseAlone returns the record to be forced before the client of a request
// without other participants is refused for good.
func RefuseAlone(r *Request, refusal string) Finished {
	return Finished{Refusal: refusal, Branch: Branch{
		Transaction: r.Transaction, Begun: r.Begun, Client: r.Client, Number: r.Number, Participants: r.Participants, Prepared: true,
	}}
}

// Resolve carries a decision out and returns the requests that may now get
// their locks, to be executed again, oldest first. The participant needs no
// branch: the decision is remembered, lest a late request begin one.
func (s *Store) Resolve(id ID, decision Decision) []Request {
	if decision != Commit && decision != Abort {
		panic(fmt.Sprintf("resource: transaction %v is resolved to %q", id, decision))
	}
	s.Forget(id)
	if id.Count() >= s.Watermarks[id.Coordinator()] {
		s.Over[id] = decision
	}
	branch, executed := s.Branches[id]
	if !executed {
		return nil
	}
	if decision == Commit {
		s.write(&branch)
	}
	return s.Release(id)
}

// write makes the images the committed values, and remembers the answer.
func (s *Store) write(branch *Branch) {
	for _, image := range branch.Images {
		if image.After.Present {
			s.Committed.Values[image.Key] = image.After.Text
		} else {
			delete(s.Committed.Values, image.Key)
		}
	}
	if len(branch.Exclusive) > 0 {
		s.remember(branch, "")
	}
}

// Refused carries out a refusal that Finished put on disk.
func (s *Store) Refused(record Finished) []Request {
	s.remember(&record.Branch, record.Refusal)
	return s.Resolve(record.Branch.Transaction, Abort)
}

// Release ends a branch without a word about its fate, and returns the requests
// that may now get their locks.
func (s *Store) Release(id ID) []Request {
	branch, executed := s.Branches[id]
	if !executed {
		return nil
	}
	s.unlock(&branch)
	delete(s.Branches, id)
	var free []Request
	for _, r := range s.Waiting {
		shared, exclusive := keysOf(r.Commands)
		if touches(&branch, shared) || touches(&branch, exclusive) {
			free = append(free, r)
		}
	}
	return free
}

// touches tells whether a branch had locks on one of the keys.
func touches(branch *Branch, keys []string) bool {
	return slices.ContainsFunc(keys, func(key string) bool {
		return slices.Contains(branch.Exclusive, key) || slices.Contains(branch.Shared, key)
	})
}

// Leave ends the branch of a participant that has only read, and so need not know
// how the transaction is decided: it is over here, and undecided. It returns the
// requests that may now get their locks.
func (s *Store) Leave(id ID) []Request {
	s.Forget(id)
	if id.Count() >= s.Watermarks[id.Coordinator()] {
		s.Over[id] = Undecided
	}
	return s.Release(id)
}

// IsOver tells whether a transaction is over at this participant, and how it
// was decided if that is still known.
func (s *Store) IsOver(id ID) (Decision, bool) {
	if _, executed := s.Branches[id]; executed {
		return Undecided, false
	}
	decision, known := s.Over[id]
	return decision, known || id.Count() < s.Watermarks[id.Coordinator()]
}

// Advance takes note that all transactions of a coordinator with counts below
// the watermark are over and need not be remembered one by one. What is under
// way here stays.
func (s *Store) Advance(coordinator protocols.NodeID, watermark uint64) {
	if watermark <= s.Watermarks[coordinator] {
		return
	}
	s.Watermarks[coordinator] = watermark
	maps.DeleteFunc(s.Over, func(id ID, _ Decision) bool {
		return id.Coordinator() == coordinator && id.Count() < watermark
	})
}

// Undecided returns the branches that are prepared, by ID.
func (s *Store) Undecided() []Branch {
	var undecided []Branch
	for _, id := range slices.Sorted(maps.Keys(s.Branches)) {
		if branch := s.Branches[id]; branch.Prepared {
			undecided = append(undecided, branch)
		}
	}
	return undecided
}

// Locked implements protocols.Resource: it looks into the lock table itself.
func (s *Store) Locked(transaction uint64) int {
	branch := s.Branches[ID(transaction)]
	held := 0
	for _, key := range branch.Exclusive {
		if s.Locks[key].Exclusive == ID(transaction) {
			held++
		}
	}
	for _, key := range branch.Shared {
		if slices.Contains(s.Locks[key].Shared, ID(transaction)) {
			held++
		}
	}
	return held
}

// Balance implements protocols.Resource.
func (s *Store) Balance() int64 {
	sum := int64(0)
	for _, key := range slices.Sorted(maps.Keys(s.Committed.Values)) {
		sum += number(s.Committed.Values[key])
	}
	return sum
}

// Pending implements protocols.Resource.
func (s *Store) Pending(transaction uint64) int64 {
	sum := int64(0)
	for _, image := range s.Branches[ID(transaction)].Images {
		sum += number(image.After.Text) - number(image.Before.Text)
	}
	return sum
}

// number is the whole number that a text holds, else 0.
func number(text string) int64 {
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return value
}
