package zab

// Advises implements protocols.Advisory: an election only picks, whoever is picked
// has yet to find a quorum (election.go).
func (Notification) Advises() {}
