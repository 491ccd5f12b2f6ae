package reference

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"quorumlab/checker/explore"
	"quorumlab/checker/refine"
	"quorumlab/protocols"
	real "quorumlab/protocols/zab"
	"quorumlab/scenarios"
	"quorumlab/sim"
)

// takes follows a run of the real Zab, and keeps the specification's actions that it
// is, by server.
type takes struct {
	servers []*refine.Server
	queues  [][]refine.Taken
	parted  string
}

// Observe implements sim.Observer.
func (k *takes) Observe(w *sim.World, step *sim.Step) {
	if step.Node == 0 || k.parted != "" {
		return
	}
	at := step.Node - 1
	if _, boots := step.Event.(protocols.Recovered); boots {
		var ids []protocols.NodeID
		for i := range w.Nodes {
			ids = append(ids, protocols.NodeID(i+1))
		}
		k.servers[at] = refine.New(step.Node, ids, nil)
	}
	took := func(t refine.Taken) { k.queues[t.Server-1] = append(k.queues[t.Server-1], t) }
	if d := k.servers[at].Follow(step.Event, step.Effects, refine.View{Took: took}); d != nil {
		k.parted = d.String()
	}
}

// playing makes the actions of a run in zab-spec. Every server makes its own in
// their order; of several servers that could go on it does not matter which does.
type playing struct {
	t       *testing.T
	model   *ZabSpec
	stepper *explore.Stepper
	words   []uint32
	state   zbState
	queues  [][]refine.Taken
	steps   int
}

func newPlaying(t *testing.T, servers int, queues [][]refine.Taken) *playing {
	m := &ZabSpec{n: servers, txnsMax: 255, timeoutsMax: 255, restartsMax: 255}
	m.permutations = permutations(servers)
	m.zbTables.history(nil)
	m.zbTables.channel(nil)
	m.zbTables.proposalSet(nil)
	p := &playing{t: t, model: m, stepper: explore.NewStepper(m), queues: queues}
	p.words = p.stepper.Initial()[0]
	m.decode(p.words, &p.state)
	return p
}

// do makes one action, if it is enabled.
func (p *playing) do(action, i, j int) bool {
	next, labels := p.stepper.Next(p.words)
	want := explore.Label(1+action) | explore.Label(i)<<8 | explore.Label(1+j)<<16
	for at, label := range labels {
		if label != want {
			continue
		}
		p.words = append([]uint32(nil), next[at]...)
		p.model.decode(p.words, &p.state)
		p.steps++
		if p.state.violated != 0 {
			p.t.Fatalf("%s counts as impossible: %05b", p.model.Explain(label), p.state.violated)
		}
		return true
	}
	return false
}

// run goes on until no server can, and reports what is left over.
func (p *playing) run() (left []string) {
	for moved := true; moved; {
		moved = false
		for i := range p.queues {
			for len(p.queues[i]) > 0 && p.take(i, p.queues[i][0]) {
				p.queues[i] = p.queues[i][1:]
				moved = true
			}
		}
		for i := 0; !moved && i < len(p.queues); i++ {
			moved = p.skip(i)
		}
	}
	for i, queue := range p.queues {
		if len(queue) > 0 {
			left = append(left, fmt.Sprintf("s%d has %d to go, first %v %+v", i+1, len(queue), queue[0].Action, queue[0]))
		}
	}
	return left
}

// skip drops a connection that came to nothing: in the specification the server
// never left LOOKING.
func (p *playing) skip(i int) bool {
	q := p.queues[i]
	if len(q) == 0 || q[0].Action != refine.Connect {
		return false
	}
	switch {
	case len(q) == 1:
		p.queues[i] = nil
	case leaves(q[1]) && q[1].Action == refine.Timeout:
		p.queues[i] = q[2:]
	case leaves(q[1]):
		p.queues[i] = q[1:]
	default:
		return false
	}
	return true
}

func leaves(t refine.Taken) bool { return t.Action == refine.Timeout || t.Action == refine.Restart }

// short is a zxid as the specification has it.
func short(z real.Zxid) zxid { return zxid{uint8(z.Epoch()), uint8(z.Counter())} }

// take makes an action of a server, in one step of the specification or, if it
// stands for several, in several. It reports whether all are made.
func (p *playing) take(i int, t refine.Taken) bool {
	j := int(t.Peer) - 1
	server := &p.state.servers[i]
	switch t.Action {
	case refine.UpdateLeader:
		return server.state == zbLooking && (p.do(zbUpdateLeader, i, -1) || int(p.state.oracle) == 1+i && p.do(zbFollowLeader, i, -1))
	case refine.Connect:
		if p.unheard(i, j) {
			return true
		}
		ready := server.state == zbLooking && p.state.servers[j].state == zbLeading && int(p.state.oracle) == 1+j &&
			p.state.servers[j].learners>>i&1 == 0 && !p.leavesBefore(j, i)
		return ready && p.do(zbFollowLeader, i, -1) && p.do(zbConnect, j, i)
	case refine.LeaderProcessCEPOCH:
		return p.do(zbLeaderCEPOCH, i, j)
	case refine.FollowerProcessNEWEPOCH:
		return p.do(zbFollowerNEWEPOCH, i, j)
	case refine.LeaderProcessACKEPOCH:
		return p.do(zbLeaderACKEPOCH, i, j)
	case refine.FollowerProcessNEWLEADER:
		return p.do(zbFollowerNEWLEADER, i, j)
	case refine.LeaderProcessRequest:
		return p.do(zbLeaderRequest, i, -1) && p.do(zbLeaderPROPOSE, i, -1)
	case refine.LeaderBroadcastPROPOSE:
		return true // made with the request, to all at once
	case refine.Timeout, refine.Restart:
		return p.leave(i, t.Action == refine.Restart)
	}
	return p.several(i, j, t)
}

// several makes the actions that stand for all up to a transaction.
func (p *playing) several(i, j int, t refine.Taken) bool {
	to := short(t.Zxid)
	upTo := func(kind uint8, action int) {
		for {
			m, ok := p.head(i, j)
			if !ok || m.kind != kind || m.zxid.after(to) || !p.do(action, i, j) {
				return
			}
		}
	}
	switch t.Action {
	case refine.LeaderProcessACKLD:
		if m, ok := p.head(i, j); ok && m.kind == zbACKLD && !p.do(zbLeaderACKLD, i, j) {
			return false
		}
		upTo(zbACK, zbLeaderACK)
		return p.acked(i, j, to)
	case refine.LeaderProcessACK:
		upTo(zbACK, zbLeaderACK)
		return p.acked(i, j, to)
	case refine.FollowerProcessPROPOSE:
		p.follow(i, j)
		return !to.after(p.model.lastZxid(p.state.servers[i].history))
	case refine.FollowerProcessCOMMITLD:
		p.follow(i, j)
		return p.state.servers[i].phase == zbBroadcast && !to.after(p.state.servers[i].committed)
	case refine.FollowerProcessCOMMIT:
		p.follow(i, j)
		return !to.after(p.state.servers[i].committed)
	}
	p.t.Fatalf("%v is not known", t.Action)
	return false
}

// follow has a follower take what is under way from its leader, in the order of the
// channel, as far as it takes it before it leaves. The real one takes a COMMIT while
// its disk is still at work on the PROPOSE before.
func (p *playing) follow(i, j int) {
	var proposed, committed zxid
	welcomed := false
	for _, t := range p.queues[i] {
		if leaves(t) {
			break
		}
		switch t.Action {
		case refine.FollowerProcessPROPOSE:
			proposed = short(t.Zxid)
		case refine.FollowerProcessCOMMIT, refine.FollowerProcessCOMMITLD:
			committed = short(t.Zxid)
			welcomed = welcomed || t.Action == refine.FollowerProcessCOMMITLD
		}
	}
	for {
		m, ok := p.head(i, j)
		switch {
		case ok && m.kind == zbPROPOSE && (!m.zxid.after(proposed) || p.behind(i, j, committed)) && p.do(zbFollowerPROPOSE, i, j):
		case ok && m.kind == zbCOMMITLD && welcomed && p.do(zbFollowerCOMMITLD, i, j):
		case ok && m.kind == zbCOMMIT && !m.zxid.after(committed) && p.do(zbFollowerCOMMIT, i, j):
		default:
			return
		}
	}
}

// behind reports whether a COMMIT up to a transaction is under way to a follower. It
// comes after a PROPOSE that the follower has taken, and left before its disk had it.
func (p *playing) behind(i, j int, committed zxid) bool {
	for _, m := range p.model.channels.At(p.state.channels[j][i]) {
		if (m.kind == zbCOMMIT || m.kind == zbCOMMITLD) && !m.zxid.after(committed) {
			return true
		}
	}
	return false
}

func (p *playing) head(i, j int) (zbMessage, bool) {
	channel := p.model.channels.At(p.state.channels[j][i])
	if len(channel) == 0 {
		return zbMessage{}, false
	}
	return channel[0], true
}

// acked reports whether a leader knows that a server has a transaction.
func (p *playing) acked(i, j int, z zxid) bool {
	if p.state.servers[i].state != zbLeading || !sidsHave(&p.state.servers[i], j) {
		return false
	}
	history := p.model.histories.At(p.state.servers[i].history)
	at := p.model.indexOf(p.state.servers[i].history, z)
	return at == 0 || at <= len(history) && history[at-1].acks>>j&1 != 0
}

func sidsHave(s *zbServer, j int) bool { return sids(&s.ackld)>>j&1 != 0 }

// leave has a server go back to the election. Both ends do so at once: so all that
// either still takes from the other comes first.
func (p *playing) leave(i int, restarts bool) bool {
	server := &p.state.servers[i]
	switch {
	case server.state == zbFollowing:
		leader := int(server.leader) - 1
		if p.takesFrom(leader, i) {
			return false
		}
		if left := p.state.servers[leader].learners &^ (1 << i); !p.model.quorum(left) && !p.allDone(leader) {
			return false
		}
		if !restarts {
			return p.do(zbTimeout, leader, i)
		}
	case server.state == zbLeading:
		if !p.allDone(i) {
			return false
		}
		if !restarts {
			for j := range p.queues {
				if p.state.servers[i].state == zbLeading && j != i && p.state.servers[i].learners>>j&1 != 0 && !p.do(zbTimeout, i, j) {
					return false
				}
			}
			// One without learners has no time-out in the specification.
			return p.state.servers[i].state == zbLooking || p.do(zbRestart, i, -1)
		}
	}
	return !restarts || p.do(zbRestart, i, -1)
}

// unheard reports whether the connection that a follower is to begin comes to nothing:
// it leaves at once, and its leader takes fewer CEPOCHs than it sends.
func (p *playing) unheard(follower, leader int) bool {
	q := p.queues[follower]
	if len(q) < 2 || !leaves(q[1]) {
		return false
	}
	sent := 0
	for _, t := range q {
		if t.Action == refine.Connect && int(t.Peer) == 1+leader {
			sent++
		}
	}
	for _, t := range p.queues[leader] {
		if t.Action == refine.LeaderProcessCEPOCH && int(t.Peer) == 1+follower {
			sent--
		}
	}
	return sent > 0
}

// leavesBefore reports whether a leader leaves before it takes the CEPOCH of a
// follower.
func (p *playing) leavesBefore(leader, follower int) bool {
	for _, t := range p.queues[leader] {
		if leaves(t) || t.Action == refine.LeaderProcessCEPOCH && int(t.Peer) == 1+follower {
			return leaves(t)
		}
	}
	return false
}

// takesFrom reports whether a leader still takes something from a follower's
// connection.
func (p *playing) takesFrom(leader, follower int) bool {
	for _, t := range p.queues[leader] {
		switch {
		case leaves(t), t.Action == refine.LeaderProcessCEPOCH && int(t.Peer) == 1+follower:
			return false
		case int(t.Peer) == 1+follower && t.Action != refine.LeaderBroadcastPROPOSE:
			return true
		}
	}
	return false
}

// allDone reports whether a leader and all its learners have nothing more to do in
// its epoch.
func (p *playing) allDone(leader int) bool {
	for j, queue := range p.queues {
		if p.state.servers[leader].learners>>j&1 != 0 && len(queue) > 0 && !leaves(queue[0]) {
			return false
		}
	}
	return true
}

// same compares a server with what the real one has come to.
func (p *playing) same(i int, s *refine.Server) error {
	is := &p.state.servers[i]
	history := p.model.histories.At(is.history)
	var has, want []string
	for _, t := range history {
		if t.zxid.after(short(s.Base)) { // what is before, a snapshot stands for
			has = append(has, t.zxid.String())
		}
	}
	for _, t := range s.History {
		want = append(want, short(t.Zxid).String())
	}
	states := map[refine.State]uint8{refine.Looking: zbLooking, refine.Following: zbFollowing, refine.Leading: zbLeading}
	switch {
	case is.accepted != uint8(s.Stable.Accepted) || is.current != uint8(s.Stable.Current):
		return fmt.Errorf("epochs %d and %d, want %+v", is.accepted, is.current, s.Stable)
	case len(has) > len(want) || len(has)+len(s.Ops) < len(want) || !slices.Equal(has, want[:len(has)]): // the disk is at work on the rest
		return fmt.Errorf("history %v, want %v", has, want)
	case is.committed != short(s.Committed):
		return fmt.Errorf("committed %v, want %v", is.committed, s.Committed)
	case is.state != states[s.State]:
		return fmt.Errorf("state %d, want %v", is.state, s.State)
	}
	return nil
}

// played runs a scenario, and makes it in zab-spec; change, if not nil, may change
// what it is there before.
func played(
	t *testing.T, lab *scenarios.Lab, servers int, rest string, seed uint64, change func([][]refine.Taken),
) (p *playing, left []string) {
	t.Helper()
	text := fmt.Sprintf("{name: r, title: r, protocol: zab, cluster: {nodes: %d, tick: 100ms}, until: 8s, %s}", servers, rest)
	scenario, err := lab.Parse("r.yaml", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	run := scenario.Runs[0]
	if len(run.Swarm.Faults) > 0 {
		run = scenarios.Swarm(run, seed)
	}
	running, err := lab.Begin(scenario, &run, scenarios.Options{Seed: seed, Hashless: true})
	if err != nil {
		t.Fatal(err)
	}
	k := &takes{servers: make([]*refine.Server, servers), queues: make([][]refine.Taken, servers)}
	running.Watch(k)
	if err := running.CarryOut(context.Background()); err != nil {
		t.Fatal(err)
	}
	if k.parted != "" {
		t.Fatal(k.parted)
	}
	if change != nil {
		change(k.queues)
	}
	p = newPlaying(t, servers, k.queues)
	if left = p.run(); left != nil {
		return p, left
	}
	for i, s := range k.servers {
		if !running.World().Nodes[i].Up || s.State == refine.Halted {
			continue
		}
		if err := p.same(i, s); err != nil {
			left = append(left, fmt.Sprintf("s%d: %v", i+1, err))
		}
	}
	return p, left
}

// TestRunsOfZabAreThose: the actions that package refine takes the steps of the real
// Zab for are, one by one, steps of zab-spec as it is published, and lead to the same.
// Runs in which a real server uses the room that package refine gives it may be none:
// of 400 seeds of the swarm those were 3, all with a late learner whose acknowledgement
// of NEWLEADER commits.
func TestRunsOfZabAreThose(t *testing.T) {
	lab, err := scenarios.NewLab()
	if err != nil {
		t.Fatal(err)
	}
	const work = "workload: {random: {from: 1s, until: 7s, rate: 10/s, mix: {write: 1}}}"
	for _, test := range []struct {
		name    string
		servers int
		rest    string
		seeds   uint64
	}{
		{"without faults", 3, work, 5},
		{"five servers", 5, strings.Replace(work, "10/s", "5/s", 1), 5},
		{"a follower is cut off", 3, work + ", timeline: [{at: 3s, partition: {isolate: n1}}, {at: 5s, heal: all}]", 5},
		{"the leader is cut off", 3, work + ", timeline: [{at: 3s, partition: {isolate: leader}}, {at: 6s, heal: all}]", 5},
		{"two crash", 5, strings.Replace(work, "10/s", "5/s", 1) + ", timeline: [{at: 3s, crash: leader}, {at: 4s, crash: leader}, {at: 5s, restart: all}]", 5},
		{"all crash", 3, work + ", timeline: [{at: 3s, crash: all}, {at: 4s, restart: all}]", 5},
		{"a follower returns", 3, work + ", timeline: [{at: 3s, crash: n1}, {at: 4s, restart: all}]", 5},
		{"swarm", 3, strings.Replace(work, "10/s", "6/s", 1) + ", swarm: {faults: [partition, crash, pause, slow, disk, links], from: 2s, until: 6s, down: 2}", 40},
		{"the leader crashes", 3, work + ", timeline: [{at: 3s, crash: leader}, {at: 5s, restart: all}]", 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			for seed := uint64(1); seed <= test.seeds; seed++ {
				p, left := played(t, lab, test.servers, test.rest, seed, nil)
				if p.steps == 0 {
					t.Errorf("seed %d: no step was made", seed)
				}
				for _, text := range left {
					t.Errorf("seed %d: %s", seed, text)
				}
			}
		})
	}
}

// TestRunsOfZabWithoutOneAction: if a single action is taken out of a run, it is none
// of zab-spec any more.
func TestRunsOfZabWithoutOneAction(t *testing.T) {
	lab, err := scenarios.NewLab()
	if err != nil {
		t.Fatal(err)
	}
	const rest = "workload: {random: {from: 1s, until: 2s, rate: 5/s, mix: {write: 1}}}"
	for _, action := range []refine.Action{
		refine.UpdateLeader, refine.Connect, refine.LeaderProcessCEPOCH, refine.FollowerProcessNEWEPOCH,
		refine.LeaderProcessACKEPOCH, refine.FollowerProcessNEWLEADER, refine.LeaderProcessACKLD,
		refine.FollowerProcessCOMMITLD, refine.LeaderProcessRequest,
	} {
		taken := false
		_, left := played(t, lab, 3, rest, 1, func(queues [][]refine.Taken) {
			for i, queue := range queues {
				at := slices.IndexFunc(queue, func(k refine.Taken) bool { return k.Action == action })
				if at >= 0 && !taken {
					queues[i], taken = slices.Delete(queue, at, at+1), true
				}
			}
		})
		if !taken || left == nil {
			t.Errorf("without %v: taken out %t, nothing is left over", action, taken)
		}
	}
}
