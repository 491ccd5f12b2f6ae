package reference

import (
	"fmt"

	"quorumlab/checker/explore"
)

// This file tells whose the steps are, for who draws a run with a lane a process.

// Processes implements explore.Peopled: the transaction manager and the resource
// managers.
func (m *TwoPhase) Processes() []string { return append([]string{"tm"}, numbered("r", m.managers)...) }

// Process implements explore.Peopled.
func (m *TwoPhase) Process(label explore.Label) int {
	switch label.Kind() {
	case tmCommit, tmAbort, tmRcvPrepared:
		return 0
	}
	return 1 + int(label>>8)
}

// Processes implements explore.Peopled: the resource managers.
func (m *TCommit) Processes() []string { return numbered("r", m.managers) }

// Process implements explore.Peopled.
func (m *TCommit) Process(label explore.Label) int { return int(label >> 8) }

// Processes implements explore.Peopled: the leaders, taken as one, and the acceptors.
func (m *PaxosSpec) Processes() []string {
	return append([]string{"leaders"}, numbered("a", m.acceptors)...)
}

// Process implements explore.Peopled.
func (m *PaxosSpec) Process(label explore.Label) int {
	switch label.Kind() {
	case pxPhase1a, pxPhase2a:
		return 0
	}
	return 1 + int(label>>8&0xff)
}

// Processes implements explore.Peopled: the leaders, taken as one, the acceptors and
// the resource managers.
func (m *PaxosCommit) Processes() []string {
	return append(append([]string{"leaders"}, numbered("a", m.acceptors)...), numbered("r", m.managers)...)
}

// Process implements explore.Peopled.
func (m *PaxosCommit) Process(label explore.Label) int {
	switch label.Kind() {
	case pcPhase1a, pcPhase2a, pcDecideCommit, pcDecideAbort:
		return 0
	case pcPhase1b, pcPhase2b:
		return 1 + int(label>>16&0xff)
	}
	return 1 + m.acceptors + int(label>>8&0xff)
}

// Processes implements explore.Peopled: the servers.
func (m *ZabSpec) Processes() []string { return numbered("s", m.n) }

// Process implements explore.Peopled.
func (m *ZabSpec) Process(label explore.Label) int { return int(label >> 8 & 0xff) }

// Processes implements explore.Peopled: the servers and the clients.
func (m *Register) Processes() []string {
	var names []string
	for actor := range m.servers + m.clients {
		names = append(names, m.actor(actor))
	}
	return names
}

// Process implements explore.Peopled: that of who is given something.
func (m *Register) Process(label explore.Label) int {
	return m.envelopes.At(uint32(label >> 8)).content.to()
}

func numbered(prefix string, n int) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("%s%d", prefix, i+1))
	}
	return names
}
