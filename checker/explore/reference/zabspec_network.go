package reference

// head returns the first message under way from j to i.
func (x *zbExpander) head(i, j int) (zbMessage, bool) {
	channel := x.channels.At(x.now.channels[j][i])
	if len(channel) == 0 {
		return zbMessage{}, false
	}
	return channel[0], true
}

// discard takes the first message from j to i out.
func (x *zbExpander) discard(i, j int) {
	s := &x.next
	s.channels[j][i] = x.channel(x.channels.At(s.channels[j][i])[1:])
}

// send appends a message from i to j.
func (x *zbExpander) send(i, j int, m zbMessage) {
	s := &x.next
	before := x.channels.At(s.channels[i][j])
	s.channels[i][j] = x.channel(append(before[:len(before):len(before)], m))
}

// reply takes the first message from j to i out and sends one back.
func (x *zbExpander) reply(i, j int, m zbMessage) {
	x.discard(i, j)
	x.send(i, j, m)
}

// sendAll sends a message from i to all of a set that are its learners.
func (x *zbExpander) sendAll(i int, to uint8, m zbMessage) {
	to &= x.now.servers[i].learners
	for j := range x.n {
		if j != i && to>>j&1 != 0 {
			x.send(i, j, m)
		}
	}
}

// clean empties both channels of a pair.
func (x *zbExpander) clean(i, j int) {
	x.next.channels[i][j], x.next.channels[j][i] = 0, 0
}

// cleanInput empties the channels to a set of servers.
func (x *zbExpander) cleanInput(to uint8) {
	for i := range x.n {
		for j := range x.n {
			if i != j && to>>j&1 != 0 {
				x.next.channels[i][j] = 0
			}
		}
	}
}

// followerShutdown sends a follower back to the election.
func (x *zbExpander) followerShutdown(i int) {
	s := &x.next.servers[i]
	s.state, s.phase, s.leader = zbLooking, zbElection, 0
}

// leaderShutdown sends a leader and its learners back to the election.
func (x *zbExpander) leaderShutdown(i int) {
	learners := x.now.servers[i].learners
	for j := range x.n {
		if learners>>j&1 != 0 {
			x.followerShutdown(j)
		}
	}
	x.cleanInput(learners)
	x.next.servers[i].learners = 0
}

// removeLearner has a leader count a learner as disconnected.
func (x *zbExpander) removeLearner(i, j int) {
	s := &x.next.servers[i]
	s.learners &^= 1 << j
	s.cepoch[j].connected = false
	s.acke[j].connected = false
	s.ackld[j].connected = false
}

// updateLeader lets the oracle name a server that is looking.
func (x *zbExpander) updateLeader(i int) {
	if x.now.servers[i].state != zbLooking || int(x.now.oracle) == 1+i {
		return
	}
	x.begin().oracle = uint8(1 + i)
	x.switchToLeader(i)
	x.step(zbUpdateLeader, i, -1)
}

func (x *zbExpander) followLeader(i int) {
	if x.now.servers[i].state != zbLooking || x.now.oracle == 0 {
		return
	}
	s := x.begin()
	if int(x.now.oracle) == 1+i {
		x.switchToLeader(i)
	} else {
		s.servers[i].state, s.servers[i].phase = zbFollowing, zbDiscovery
	}
	x.step(zbFollowLeader, i, -1)
}

func (x *zbExpander) switchToLeader(i int) {
	s := &x.next.servers[i]
	s.state, s.phase, s.learners = zbLeading, zbDiscovery, 1<<i
	s.cepoch, s.acke, s.ackld = [zbServersMax]zbReceived{}, [zbServersMax]zbReceived{}, [zbServersMax]zbReceived{}
	s.cepoch[i] = zbReceived{in: true, connected: true, epoch: s.accepted}
	s.acke[i] = zbReceived{in: true, connected: true, epoch: s.current, history: s.history}
	s.ackld[i] = zbReceived{in: true, connected: true}
	s.sent = 0
}

// timeout breaks the connection of leader i and follower j.
func (x *zbExpander) timeout(i, j int) {
	leader, follower := &x.now.servers[i], &x.now.servers[j]
	if x.now.timeouts >= x.timeoutsMax || leader.state != zbLeading || leader.learners>>j&1 == 0 ||
		follower.state != zbFollowing || int(follower.leader) != 1+i {
		return
	}
	x.begin()
	if x.quorum(leader.learners &^ (1 << j)) {
		x.removeLearner(i, j)
		x.followerShutdown(j)
		x.clean(i, j)
	} else {
		x.leaderShutdown(i)
	}
	x.step(zbTimeout, i, j)
}

func (x *zbExpander) restart(i int) {
	if x.now.timeouts >= x.timeoutsMax || x.now.restarts >= x.restartsMax {
		return
	}
	s := x.begin()
	switch now := &x.now.servers[i]; {
	case now.state == zbLeading:
		x.leaderShutdown(i)
	case now.state == zbFollowing && now.leader == 0:
		x.followerShutdown(i)
		x.cleanInput(1 << i)
	case now.state == zbFollowing:
		leader := int(now.leader) - 1
		if x.quorum(x.now.servers[leader].learners &^ (1 << i)) {
			x.removeLearner(leader, i)
			x.followerShutdown(i)
			x.clean(leader, i)
		} else {
			x.leaderShutdown(leader)
		}
	}
	s.servers[i].committedIndex, s.servers[i].committed = 0, zxid{}
	x.step(zbRestart, i, -1)
}

// connect has follower j connect with leader i and send CEPOCH.
func (x *zbExpander) connect(i, j int) {
	leader, follower := &x.now.servers[i], &x.now.servers[j]
	if leader.state != zbLeading || leader.learners>>j&1 != 0 || follower.state != zbFollowing ||
		follower.leader != 0 || int(x.now.oracle) != 1+i {
		return
	}
	s := x.begin()
	s.servers[i].learners |= 1 << j
	s.servers[j].leader = uint8(1 + i)
	x.send(j, i, zbMessage{kind: zbCEPOCH, epoch: follower.accepted})
	x.step(zbConnect, i, j)
}

// receive lets server i process the first message from j.
func (x *zbExpander) receive(i, j int) {
	m, ok := x.head(i, j)
	if !ok {
		return
	}
	server := &x.now.servers[i]
	switch {
	case server.state == zbLeading && server.learners>>j&1 != 0:
		switch m.kind {
		case zbCEPOCH:
			x.onCEPOCH(i, j, m)
		case zbACKEPOCH:
			x.onACKEPOCH(i, j, m)
		case zbACKLD:
			x.onACKLD(i, j, m)
		case zbACK:
			x.onACK(i, j, m)
		}
	case server.state == zbFollowing && int(server.leader) == 1+j:
		switch m.kind {
		case zbNEWEPOCH:
			x.onNEWEPOCH(i, j, m)
		case zbNEWLEADER:
			x.onNEWLEADER(i, j, m)
		case zbCOMMITLD:
			x.onCOMMITLD(i, j, m)
		case zbPROPOSE:
			x.onPROPOSE(i, j, m)
		case zbCOMMIT:
			x.onCOMMIT(i, j, m)
		}
	}
}

// filter throws away what should not be under way to a server.
func (x *zbExpander) filter(i int) {
	for j := range x.n {
		if j == i {
			continue
		}
		m, ok := x.head(i, j)
		if !ok {
			continue
		}
		server := &x.now.servers[i]
		toLeader := m.kind == zbCEPOCH || m.kind == zbACKEPOCH || m.kind == zbACKLD || m.kind == zbACK
		switch {
		case server.state == zbLeading && toLeader && server.learners>>j&1 != 0:
			continue
		case server.state == zbFollowing && !toLeader && int(server.leader) == 1+j:
			continue
		}
		x.begin().violated |= zbMessageIllegal
		x.discard(i, j)
		x.step(zbFilter, i, -1)
	}
}
