package reference

import (
	"fmt"
	"strings"

	"quorumlab/checker/explore"
)

var (
	zbStateNames = [...]string{zbLooking: "looking", zbFollowing: "following", zbLeading: "leading"}
	zbPhaseNames = [...]string{
		zbElection: "election", zbDiscovery: "discovery", zbSynchronization: "synchronization", zbBroadcast: "broadcast",
	}
	zbMessageNames = [...]string{
		zbCEPOCH: "CEPOCH", zbNEWEPOCH: "NEWEPOCH", zbACKEPOCH: "ACKEPOCH", zbNEWLEADER: "NEWLEADER", zbACKLD: "ACKLD",
		zbCOMMITLD: "COMMITLD", zbPROPOSE: "PROPOSE", zbACK: "ACK", zbCOMMIT: "COMMIT",
	}
)

func (z zxid) String() string { return fmt.Sprintf("%d.%d", z.epoch, z.counter) }

// tellHistory tells a history, and who acknowledged what.
func (m *ZabSpec) tellHistory(id uint32) string {
	var told []string
	for _, t := range m.histories.At(id) {
		text := fmt.Sprintf("%s=%d", t.zxid, t.value)
		if t.acks != 0 {
			text += " acked by " + setOf("s", uint32(t.acks))
		}
		told = append(told, text)
	}
	return "[" + strings.Join(told, ", ") + "]"
}

func (m *ZabSpec) tellMessage(msg zbMessage) string {
	switch name := zbMessageNames[msg.kind]; msg.kind {
	case zbCEPOCH, zbNEWEPOCH:
		return fmt.Sprintf("%s(%d)", name, msg.epoch)
	case zbACKEPOCH, zbNEWLEADER:
		return fmt.Sprintf("%s(%d, %s)", name, msg.epoch, m.tellHistory(msg.history))
	case zbPROPOSE:
		return fmt.Sprintf("%s(%s=%d)", name, msg.zxid, msg.value)
	default:
		return fmt.Sprintf("%s(%s)", name, msg.zxid)
	}
}

// Describe implements explore.Model.
func (m *ZabSpec) Describe(words []uint32) []string {
	var s zbState
	m.decode(words, &s)
	var lines []string
	for i := range m.n {
		server := &s.servers[i]
		line := fmt.Sprintf("s%d: %s, %s, accepted epoch %d, current epoch %d, history %s, committed %d",
			i+1, zbStateNames[server.state], zbPhaseNames[server.phase], server.accepted, server.current,
			m.tellHistory(server.history), server.committedIndex)
		if server.leader != 0 {
			line += fmt.Sprintf(", connected to s%d", server.leader)
		}
		if server.state == zbLeading {
			line += fmt.Sprintf(", learners %s, heard epochs of %s, histories of %s, acknowledgements of %s",
				setOf("s", uint32(server.learners)), setOf("s", uint32(sids(&server.cepoch))),
				setOf("s", uint32(sids(&server.acke))), setOf("s", uint32(sids(&server.ackld))))
		}
		lines = append(lines, line)
		for j := range m.n {
			if i == j {
				continue
			}
			var under []string
			for _, msg := range m.channels.At(s.channels[i][j]) {
				under = append(under, m.tellMessage(msg))
			}
			lines = append(lines, fmt.Sprintf("s%d → s%d: [%s]", i+1, j+1, strings.Join(under, ", ")))
		}
	}
	return append(lines, fmt.Sprintf("oracle: s%d", s.oracle),
		fmt.Sprintf("counted: %d timeouts, %d restarts, %d transactions, impossible: %05b", s.timeouts, s.restarts, s.txns, s.violated))
}

// Explain implements explore.Model.
func (m *ZabSpec) Explain(label explore.Label) string {
	name, i, j := m.Kinds()[label.Kind()], label>>8&0xff, label>>16
	if j == 0 {
		return fmt.Sprintf("%s(s%d)", name, i+1)
	}
	return fmt.Sprintf("%s(s%d, s%d)", name, i+1, j)
}
