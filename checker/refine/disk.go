package refine

import (
	"fmt"

	"quorumlab/protocols"
	"quorumlab/protocols/zab"
)

// This file follows the disk. A crash may keep any prefix of what was given to it,
// so each write by itself must leave what a server of the specification may restart
// with.

// mayAdopt takes note that the initial history of an epoch ends here.
func (x *step) mayAdopt(epoch zab.Epoch) {
	x.Ops = append(x.Ops, Op{Kind: Adopts, Epoch: epoch})
	x.settle()
}

// settle drops the ends of initial histories that are on the disk.
func (s *Server) settle() {
	for len(s.Ops) > 0 && s.Ops[0].Kind == Adopts {
		s.Adopting = s.Ops[0].Epoch
		s.Ops = s.Ops[1:]
		s.Handed = max(0, s.Handed-1)
		for i := range s.Marks {
			s.Marks[i].Ops = max(0, s.Marks[i].Ops-1)
		}
	}
	if len(s.Ops) == 0 {
		s.Ops = nil
	}
	s.forgetAdopting()
}

// forgetAdopting: what has been adopted needs no permission.
func (s *Server) forgetAdopting() {
	if s.Adopting <= s.Written.Current && !s.Damaged {
		s.Adopting = 0
	}
}

// persisted takes up that what was given to the disk up to a mark is there.
func (x *step) persisted(mark uint64) {
	for len(x.Marks) > 0 && x.Marks[0].Mark <= mark {
		done := x.Marks[0]
		x.Stable = done.Epochs
		x.Ops = x.Ops[done.Ops:]
		x.Handed -= done.Ops
		x.Marks = x.Marks[1:]
		for i := range x.Marks {
			x.Marks[i].Ops -= done.Ops
		}
	}
	if len(x.Marks) == 0 {
		x.Marks = nil
	}
	x.settle()
	if x.State == Leading {
		x.form()
	}
}

func (x *step) persist(e *protocols.Persist) {
	for _, write := range e.Writes {
		x.write(write)
		if x.deviation != nil {
			return
		}
	}
	x.Marks = append(x.Marks, Mark{Mark: e.Mark, Ops: x.Handed, Epochs: x.Written})
}

// write holds one write against what the server may do.
func (x *step) write(write protocols.Write) {
	for x.Handed < len(x.Ops) && x.Ops[x.Handed].Kind == Adopts {
		x.Adopting = x.Ops[x.Handed].Epoch
		x.Handed++
	}
	switch w := write.(type) {
	case protocols.SetMeta:
		x.writeMeta(w.Meta)
	case protocols.Append:
		x.writeTxn(w.Record)
	case protocols.CutTail:
		x.writeCut(w.From)
	case protocols.SaveSnapshot:
		x.writeSnapshot(w.Snapshot)
	case protocols.CutHead:
		x.writeHead(w.Before)
	}
}

// actionOf returns the leader's action for one that leads, else the follower's.
func (x *step) actionOf(leaders, followers Action) Action {
	if x.State == Leading {
		return leaders
	}
	return followers
}

func (x *step) writeMeta(record protocols.Record) {
	m, ok := record.(zab.Meta)
	did := fmt.Sprintf("it writes acceptedEpoch %d and currentEpoch %d", m.AcceptedEpoch, m.CurrentEpoch)
	accepts := x.actionOf(LeaderProcessCEPOCH, FollowerProcessNEWEPOCH)
	adopts := x.actionOf(LeaderProcessACKEPOCH, FollowerProcessNEWLEADER)
	switch {
	case !ok:
		x.deviate(accepts, "it writes metadata that is none", "there are no epochs in it")
	case m.AcceptedEpoch < x.Written.Accepted || m.CurrentEpoch < x.Written.Current:
		x.deviate(accepts, did, "no action lowers an epoch: they were %d and %d", x.Written.Accepted, x.Written.Current)
	case m.AcceptedEpoch > x.Accepted:
		x.deviate(accepts, did, "it may accept no epoch beyond %d", x.Accepted)
	case m.CurrentEpoch > x.Written.Current && m.CurrentEpoch != x.Adopting:
		x.deviate(adopts, did, "the history that epoch %d begins with has not been written before it", m.CurrentEpoch)
	case x.Damaged && !m.Damaged && (x.Adopting == 0 || m.CurrentEpoch < x.Adopting):
		x.deviate(adopts, did, "it has lost part of its history, and adopted that of no leader since")
	}
	if m.AcceptedEpoch > x.Written.Accepted {
		x.Adopting = 0 // what was not adopted before this never is
	}
	x.Damaged = x.Damaged && m.Damaged
	x.Written = Epochs{Accepted: m.AcceptedEpoch, Current: m.CurrentEpoch}
	x.forgetAdopting()
}

// due returns the change of the log that is to be written next, nil if none is.
func (x *step) dueOp() *Op {
	if x.Handed < len(x.Ops) {
		return &x.Ops[x.Handed]
	}
	return nil
}

func (x *step) writeTxn(record protocols.Record) {
	t, ok := txnOf(record)
	did := fmt.Sprintf("it writes %v to its log", t.Zxid)
	if !ok {
		did = "it writes to its log what is no transaction"
	}
	if op := x.dueOp(); !ok || op == nil || op.Kind != Appends || !op.Txn.same(&t) {
		x.deviate(x.actionOf(LeaderProcessRequest, FollowerProcessPROPOSE), did, "%s", tellOp(op))
		return
	}
	x.Handed++
}

func (x *step) writeCut(from uint64) {
	did := fmt.Sprintf("it cuts its log from record %d on", from)
	op := x.dueOp()
	switch {
	case op != nil && op.Kind == Cuts && op.From == from, op != nil && op.Kind == Empties && from == x.First:
	default:
		x.deviate(x.actionOf(LeaderProcessACKEPOCH, FollowerProcessNEWLEADER), did, "%s", tellOp(op))
		return
	}
	x.Handed++
	x.Adopting = 0
}

// writeSnapshot holds a snapshot against what is committed. It stands for a part of
// the history, which stays the same.
func (x *step) writeSnapshot(record protocols.Record) {
	s, ok := record.(zab.Snapshot)
	did := fmt.Sprintf("it saves a snapshot of the state after %v", s.Zxid)
	action := x.actionOf(LeaderProcessACK, FollowerProcessCOMMIT)
	switch op := x.dueOp(); {
	case ok && op != nil && op.Kind == Installs && op.Zxid == s.Zxid:
		x.Handed++
		x.Adopting = 0
	case !ok || s.Base > s.Zxid:
		x.deviate(action, did, "it is none of a history")
	case s.Zxid == x.Saved:
	case s.Zxid > x.Committed:
		x.deviate(action, did, "lastCommitted is %v", x.Committed)
	case x.Claimed != 0 && s.Zxid != x.Claimed:
		x.deviate(LeaderProcessACKEPOCH, did, "it has sent it as that after %v", x.Claimed)
	}
	x.Saved, x.SavedBase, x.Claimed = s.Zxid, s.Base, 0
}

// writeHead lets go of the history's head, for which the snapshot stands.
func (x *step) writeHead(before uint64) {
	for _, op := range x.Ops[x.Handed:] {
		if op.Kind == Installs { // the history in memory is not that of the disk any more
			x.First = max(x.First, before)
			return
		}
	}
	if before <= x.First {
		return
	}
	count := before - x.First
	did := fmt.Sprintf("it cuts its log before record %d", before)
	if count > uint64(len(x.History)) || x.History[count-1].Zxid > x.SavedBase {
		x.deviate(x.actionOf(LeaderProcessACK, FollowerProcessCOMMIT), did, "the snapshot on its disk stands for no more than what is up to %v", x.SavedBase)
		return
	}
	x.Base = x.History[count-1].Zxid
	x.History = append([]Txn(nil), x.History[count:]...)
	x.First = before
}

// restart is the second half of Restart: the server has what its disk kept.
func (x *step) restart(disk *protocols.Disk) {
	meta, _ := disk.Meta.(zab.Meta)
	x.Stable = Epochs{Accepted: meta.AcceptedEpoch, Current: meta.CurrentEpoch}
	x.Written, x.Accepted, x.Damaged = x.Stable, meta.AcceptedEpoch, meta.Damaged
	x.First = max(disk.First, 1)
	if disk.Meta != nil {
		x.take(Restart, 0, x.last())
	}
	if disk.SnapshotDamaged {
		x.Damaged = true
		x.Ops = []Op{{Kind: Cuts, From: disk.First}}
		return
	}
	if snapshot, ok := disk.Snapshot.(zab.Snapshot); ok {
		x.Saved, x.SavedBase = snapshot.Zxid, snapshot.Base
	}
	x.Base, x.Committed = x.SavedBase, x.Saved
	x.readLog(disk)
}

// readLog finds the history in a log: what continues the snapshot, up to the first
// record that cannot be read. What is before, a crash left there.
func (x *step) readLog(disk *protocols.Disk) {
	skip, holed := 0, false
	for i, record := range disk.Log {
		t, ok := txnOf(record)
		switch {
		case !ok:
			holed = true
		case t.Zxid <= x.Base || holed && t.Zxid <= x.Saved:
			x.Base = max(x.Base, t.Zxid)
			skip, holed = i+1, false
		}
	}
	x.First += uint64(skip)
	for _, record := range disk.Log[skip:] {
		t, ok := txnOf(record)
		if !ok {
			x.Damaged = true
			break
		}
		x.History = append(x.History, t)
	}
	if x.Damaged && skip+len(x.History) < len(disk.Log) {
		if x.last() < x.Saved {
			x.Base, x.History = x.Saved, nil
		}
		x.Ops = []Op{{Kind: Cuts, From: x.next()}}
	}
	for i := range x.History {
		x.configure(&x.History[i])
	}
}
