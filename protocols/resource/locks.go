package resource

import (
	"slices"

	"quorumlab/protocols/machine"
)

// keysOf returns the keys of commands, each once: those that are only read, and
// the others.
func keysOf(commands []machine.Command) (shared, exclusive []string) {
	for _, c := range commands {
		if c.Op != machine.Get && !slices.Contains(exclusive, c.Key) {
			exclusive = append(exclusive, c.Key)
		}
	}
	for _, c := range commands {
		if c.Op == machine.Get && !slices.Contains(exclusive, c.Key) && !slices.Contains(shared, c.Key) {
			shared = append(shared, c.Key)
		}
	}
	return shared, exclusive
}

// judge tells whether locks of others are in the way of a request, whether it
// may wait for them, and one of those that are in doubt.
func (s *Store) judge(r *Request, shared, exclusive []string) (waits, blocked bool, blocker ID) {
	waits = true
	meet := func(holder ID) {
		if holder == 0 {
			return
		}
		branch := s.Branches[holder]
		blocked = true
		waits = waits && (r.alone() || before(r.Begun, r.Transaction, branch.Begun, branch.Transaction))
		if branch.Prepared {
			blocker = holder
		}
	}
	for _, key := range shared {
		meet(s.Locks[key].Exclusive)
	}
	for _, key := range exclusive {
		lock := s.Locks[key]
		meet(lock.Exclusive)
		for _, holder := range lock.Shared {
			meet(holder)
		}
	}
	return waits, blocked, blocker
}

// lock takes the locks of a branch, which nobody is in the way of.
func (s *Store) lock(b *Branch) {
	for _, key := range b.Exclusive {
		s.Locks[key] = Lock{Exclusive: b.Transaction}
	}
	for _, key := range b.Shared {
		holders := slices.Clone(s.Locks[key].Shared)
		at, _ := slices.BinarySearch(holders, b.Transaction)
		s.Locks[key] = Lock{Shared: slices.Insert(holders, at, b.Transaction)}
	}
}

func (s *Store) unlock(b *Branch) {
	for _, key := range b.Exclusive {
		delete(s.Locks, key)
	}
	for _, key := range b.Shared {
		holders := slices.DeleteFunc(slices.Clone(s.Locks[key].Shared), func(id ID) bool { return id == b.Transaction })
		if len(holders) == 0 {
			delete(s.Locks, key)
		} else {
			s.Locks[key] = Lock{Shared: holders}
		}
	}
}

// Waits tells whether a request waits for locks.
func (s *Store) Waits(id ID) bool {
	return slices.ContainsFunc(s.Waiting, func(r Request) bool { return r.Transaction == id })
}

// Forget takes a request off those that wait.
func (s *Store) Forget(id ID) {
	s.Waiting = slices.DeleteFunc(s.Waiting, func(r Request) bool { return r.Transaction == id })
}
