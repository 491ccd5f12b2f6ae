package reference

import "slices"

// onNEWEPOCH has a follower accept an epoch and tell its history, or go back to
// the election if it has accepted a later one.
func (x *zbExpander) onNEWEPOCH(i, j int, m zbMessage) {
	s := x.begin()
	follower := &s.servers[i]
	switch {
	case m.epoch < follower.accepted:
		x.followerShutdown(i)
		x.clean(i, j)
		x.removeLearner(j, i)
	case follower.phase == zbDiscovery:
		follower.accepted, follower.phase = m.epoch, zbSynchronization
		x.reply(i, j, zbMessage{kind: zbACKEPOCH, epoch: follower.current, history: follower.history})
	default:
		s.violated |= zbStateInconsistent
		x.discard(i, j)
	}
	x.step(zbFollowerNEWEPOCH, i, j)
}

// onNEWLEADER has a follower take over the history of its leader.
func (x *zbExpander) onNEWLEADER(i, j int, m zbMessage) {
	s := x.begin()
	follower := &s.servers[i]
	if follower.accepted != m.epoch {
		x.followerShutdown(i)
		x.clean(i, j)
		x.removeLearner(j, i)
		x.step(zbFollowerNEWLEADER, i, j)
		return
	}
	x.expectPhase(i, zbSynchronization)
	follower.current, follower.history = follower.accepted, m.history
	x.reply(i, j, zbMessage{kind: zbACKLD, zxid: x.lastZxid(m.history)})
	x.step(zbFollowerNEWLEADER, i, j)
}

// onCOMMITLD has a follower commit that history.
func (x *zbExpander) onCOMMITLD(i, j int, m zbMessage) {
	s := x.begin()
	follower := &s.servers[i]
	index := x.indexOf(follower.history, m.zxid)
	if index < 0 || index > len(x.histories.At(follower.history)) {
		s.violated |= zbProposalInconsistent
	}
	follower.committedIndex, follower.committed, follower.phase = uint8(index), m.zxid, zbBroadcast
	x.discard(i, j)
	x.step(zbFollowerCOMMITLD, i, j)
}

// onPROPOSE has a follower take a transaction into its history.
func (x *zbExpander) onPROPOSE(i, j int, m zbMessage) {
	s := x.begin()
	follower := &s.servers[i]
	last := x.lastZxid(follower.history)
	first := m.zxid.counter == 1 && last.epoch < m.zxid.epoch
	if first || m.zxid.counter > 1 && last.epoch == m.zxid.epoch && last.counter+1 == m.zxid.counter {
		history := slices.Clone(x.histories.At(follower.history))
		follower.history = x.history(append(history, txn{m.zxid, m.value, 0, follower.current}))
		x.reply(i, j, zbMessage{kind: zbACK, zxid: m.zxid})
	} else {
		index := x.indexOf(follower.history, m.zxid)
		if index <= 0 || index > len(x.histories.At(follower.history)) {
			s.violated |= zbProposalInconsistent
		}
		x.discard(i, j)
	}
	x.step(zbFollowerPROPOSE, i, j)
}

// onCOMMIT has a follower commit its next transaction.
func (x *zbExpander) onCOMMIT(i, j int, m zbMessage) {
	s := x.begin()
	follower := &s.servers[i]
	history := x.histories.At(follower.history)
	if at := int(follower.committedIndex); at < len(history) {
		if history[at].zxid == m.zxid {
			follower.committedIndex, follower.committed = uint8(at+1), m.zxid
		} else {
			s.violated |= zbCommitInconsistent
		}
	}
	x.discard(i, j)
	x.step(zbFollowerCOMMIT, i, j)
}
