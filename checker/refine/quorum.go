package refine

import (
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/zab"
)

// This file has the specification's IsQuorum, by the configurations that the
// history decides: as long as one is not known to be committed it takes a
// majority of it and one of the one before.

// configure takes note of a transaction that is new in the history.
func (s *Server) configure(t *Txn) {
	if t.Members != nil && t.Zxid > s.Active.Version {
		s.Later = append(s.Later, *t)
	}
}

// activate makes a configuration the active one.
func (s *Server) activate(version zab.Zxid, members []protocols.NodeID) {
	if version < s.Active.Version {
		return
	}
	s.Active = Configuration{Version: version, Members: members}
	s.Later = slices.DeleteFunc(s.Later, func(t Txn) bool { return t.Zxid <= version })
	if len(s.Later) == 0 {
		s.Later = nil
	}
}

// configurations returns the active configuration and, unless it is nil, the one
// that is pending. A configuration is proposed only when the one before it is
// committed.
func (s *Server) configurations() (active []protocols.NodeID, pending *Txn) {
	switch n := len(s.Later); n {
	case 0:
		return s.Active.Members, nil
	case 1:
		return s.Active.Members, &s.Later[0]
	default:
		return s.Later[n-2].Members, &s.Later[n-1]
	}
}

// backed reports whether a majority of members backs something.
func (s *Server) backed(members []protocols.NodeID, backs func(position int) bool) bool {
	count := 0
	for _, id := range members {
		if at, ok := s.position(id); ok && backs(at) {
			count++
		}
	}
	return 2*count > len(members)
}

// quorum reports whether a quorum backs something.
func (s *Server) quorum(backs func(position int) bool) bool {
	active, pending := s.configurations()
	return s.backed(active, backs) && (pending == nil || s.backed(pending.Members, backs))
}
