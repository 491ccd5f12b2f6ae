package resource

import (
	"errors"
	"maps"
	"slices"

	"quorumlab/protocols"
)

// Recovered is what Recover found beside the store.
type Recovered struct {
	// Reserved bounds the counts that transactions may have had: see Numbers.
	Reserved uint64
	// Protocol is what the protocol put into the snapshot, nil if nothing.
	Protocol protocols.Record
	// Heuristics are the transactions that the log says the participant decided
	// by itself, oldest first.
	Heuristics []Resolved
	// Records are those of the log that are not this package's, oldest first:
	// what the protocol wrote after the snapshot, or shortly before.
	Records []protocols.Record
}

// Recover rebuilds the store, which is as NewStore made it, from a disk. All
// branches that are prepared and not decided hold their locks again. It reports
// damage: nobody else has what was lost, so the node must not go on.
func (s *Store) Recover(disk protocols.Disk) (Recovered, error) {
	if damage := disk.Unreadable(); damage != "" {
		return Recovered{}, errors.New(damage)
	}
	var found Recovered
	s.clear()
	through := uint64(0)
	if snapshot, ok := disk.Snapshot.(Snapshot); ok {
		s.restore(snapshot)
		through, found.Reserved, found.Protocol = snapshot.Through, snapshot.Reserved, snapshot.Protocol
	}
	for i, record := range disk.Log {
		if max(disk.First, 1)+uint64(i) <= through {
			continue // the snapshot was saved, the log not yet cut
		}
		s.replay(record, &found)
	}
	// What was replayed over a later snapshot took and left locks on its way.
	s.Locks = map[string]Lock{}
	for _, branch := range s.Undecided() {
		s.lock(&branch)
	}
	return found, nil
}

func (s *Store) restore(snapshot Snapshot) {
	s.Committed.Values = maps.Clone(snapshot.Values)
	s.Sessions, s.Over = maps.Clone(snapshot.Sessions), maps.Clone(snapshot.Over)
	s.Ended, s.Forgotten = slices.Clone(snapshot.Ended), snapshot.Forgotten
	s.Watermarks = maps.Clone(snapshot.Watermarks)
	for i := range snapshot.Branches {
		s.reinstate(snapshot.Branches[i])
	}
}

// reinstate puts a prepared branch back in its place.
func (s *Store) reinstate(branch Branch) { s.Branches[branch.Transaction] = branch }

func (s *Store) replay(record protocols.Record, found *Recovered) {
	switch r := record.(type) {
	case Prepared:
		s.reinstate(r.Branch)
	case Resolved:
		s.Resolve(r.Transaction, r.Decision)
		if r.Heuristic {
			found.Heuristics = append(found.Heuristics, r)
		}
	case Finished:
		if r.Refusal != "" {
			s.Refused(r)
			return
		}
		s.reinstate(r.Branch)
		s.Resolve(r.Branch.Transaction, Commit)
	case Reservation:
		found.Reserved = max(found.Reserved, r.UpTo)
	default:
		found.Records = append(found.Records, record)
	}
}

// Snapshot returns what stands for the log up to a record: see Journal.Through.
func (s *Store) Snapshot(through, reserved uint64, protocol protocols.Record) Snapshot {
	return Snapshot{
		Through: through, Values: maps.Clone(s.Committed.Values), Sessions: maps.Clone(s.Sessions),
		Ended: slices.Clone(s.Ended), Forgotten: s.Forgotten,
		Branches: s.Undecided(), Over: maps.Clone(s.Over), Watermarks: maps.Clone(s.Watermarks),
		Reserved: reserved, Protocol: protocol,
	}
}

// IsPrepared reports whether a disk says that a branch is prepared, or was.
func IsPrepared(disk protocols.Disk, id ID) bool {
	if snapshot, ok := disk.Snapshot.(Snapshot); ok &&
		slices.ContainsFunc(snapshot.Branches, func(b Branch) bool { return b.Transaction == id }) {
		return true
	}
	return slices.ContainsFunc(disk.Log, func(record protocols.Record) bool {
		prepared, ok := record.(Prepared)
		return ok && prepared.Branch.Transaction == id
	}) || IsResolved(disk, id, Commit) || IsResolved(disk, id, Abort)
}

// IsResolved reports whether a disk says that a transaction was so decided.
func IsResolved(disk protocols.Disk, id ID, decision Decision) bool {
	if snapshot, ok := disk.Snapshot.(Snapshot); ok &&
		(snapshot.Over[id] == decision || id.Count() < snapshot.Watermarks[id.Coordinator()]) {
		return true
	}
	return slices.ContainsFunc(disk.Log, func(record protocols.Record) bool {
		switch r := record.(type) {
		case Resolved:
			return r.Transaction == id && r.Decision == decision
		case Finished:
			return r.Branch.Transaction == id && (r.Refusal == "") == (decision == Commit)
		}
		return false
	})
}
