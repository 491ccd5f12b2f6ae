package paxos

// Asking around before an attempt and telling who tries in vain only calm
// elections down (election.go): acceptors go by ballots alone.

// Advises implements protocols.Advisory.
func (Canvass) Advises() {}

// Advises implements protocols.Advisory.
func (CanvassReply) Advises() {}

// Advises implements protocols.Advisory.
func (Reject) Advises() {}
