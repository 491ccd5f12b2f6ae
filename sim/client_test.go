package sim_test

import (
	"testing"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/sim"
)

// newClients returns a scene in which client 1 asks nodes 1, 2 and 3 in turn,
// each for 100 ms, a way taking 2 ms.
func newClients(t *testing.T) *scene {
	s := newScene(t, 3, protocols.Stream)
	s.config.ClientDelay = network.ConstantDelay(2 * ms)
	s.setup.Clients = s.setup.Clients[:1]
	s.setup.Clients[0].Contacts = []protocols.NodeID{1, 2, 3}
	s.setup.Clients[0].Timeout = 100 * ms
	return s
}

func TestClientIsAnswered(t *testing.T) {
	s := newClients(t)
	s.ask(10*ms, 1, order{Word: "q"})
	s.boot()
	s.saw(time.Second, "10ms c1 asks n1 q", "14ms c1 ok q")
}

func TestSilenceIsInfo(t *testing.T) {
	s := newClients(t)
	s.ask(0, 1, order{Word: "q", Silent: true})
	s.ask(200*ms, 1, order{Word: "late"})
	s.boot()
	s.saw(time.Second,
		"0s c1 asks n1 q", "100ms c1 retries n2", "200ms c1 retries n3", "300ms c1 info timeout",
		"300ms c1 asks n1 late", "304ms c1 ok late") // the session was busy at 200 ms
}

func TestRefusalByAllIsFail(t *testing.T) {
	s := newClients(t)
	s.ask(0, 1, order{Word: "q", Refusal: protocols.NotLeader})
	s.boot()
	s.saw(time.Second, "0s c1 asks n1 q", "4ms c1 retries n2", "8ms c1 retries n3", "12ms c1 fail not-leader")
}

func TestAllDownIsFail(t *testing.T) {
	s := newClients(t)
	s.ask(10*ms, 1, order{Word: "q"})
	s.boot()
	for node := range protocols.NodeID(3) {
		s.strike(5*ms, sim.Fault{Kind: sim.CrashNode, Node: node + 1})
	}
	s.seen = nil
	s.saw(time.Second, "10ms c1 asks n1 q", "14ms c1 retries n2", "18ms c1 retries n3", "22ms c1 fail crashed")
}

func TestAnotherContactAnswers(t *testing.T) {
	s := newClients(t)
	s.ask(10*ms, 1, order{Word: "q"})
	s.boot()
	s.strike(5*ms, sim.Fault{Kind: sim.CrashNode, Node: 1})
	s.saw(time.Second, "5ms n1 stopped", "10ms c1 asks n1 q", "14ms c1 retries n2", "18ms c1 ok q")
}

// TestOneUnknownAttemptIsEnough: that later nodes refuse tells nothing of the
// one that did not answer.
func TestOneUnknownAttemptIsEnough(t *testing.T) {
	s := newClients(t)
	s.ask(0, 1, order{Word: "q", Refusal: protocols.NoQuorum})
	s.boot()
	s.strike(ms, cut("cut", network.Partial(1, 2)))
	s.saw(time.Second, // to n1, beside which it stands, it always gets
		"0s c1 asks n1 q", "4ms c1 retries n2", "104ms c1 retries n3", "108ms c1 info no-quorum")
}

func TestCrashWhileTheCallWaitsIsInfo(t *testing.T) {
	s := newClients(t)
	s.setup.Clients[0].Contacts = []protocols.NodeID{2}
	s.ask(0, 1, order{Word: "q", Silent: true})
	s.boot()
	s.strike(50*ms, sim.Fault{Kind: sim.CrashNode, Node: 2})
	s.saw(time.Second, "0s c1 asks n2 q", "50ms n2 stopped", "52ms c1 info crashed")
}

// TestCrashBeforeTheCallArrives: the node has never seen it.
func TestCrashBeforeTheCallArrives(t *testing.T) {
	s := newClients(t)
	s.setup.Clients[0].Contacts = []protocols.NodeID{2}
	s.ask(0, 1, order{Word: "q"})
	s.boot()
	s.strike(ms, sim.Fault{Kind: sim.CrashNode, Node: 2})
	s.saw(time.Second, "0s c1 asks n2 q", "1ms n2 stopped", "4ms c1 fail crashed")
}

// TestCrashAfterTheAnswer: what is on its way back arrives.
func TestCrashAfterTheAnswer(t *testing.T) {
	s := newClients(t)
	s.setup.Clients[0].Contacts = []protocols.NodeID{2}
	s.ask(0, 1, order{Word: "q"})
	s.boot()
	s.strike(3*ms, sim.Fault{Kind: sim.CrashNode, Node: 2})
	s.saw(time.Second, "0s c1 asks n2 q", "3ms n2 stopped", "4ms c1 ok q")
}

func TestAnswerLostInACut(t *testing.T) {
	s := newClients(t)
	s.setup.Clients[0].Contacts = []protocols.NodeID{2}
	s.ask(0, 1, order{Word: "q"})
	s.boot()
	s.strike(3*ms, cut("cut", network.OneWay(2, 1)))
	s.saw(time.Second, "0s c1 asks n2 q", "100ms c1 info timeout")
	if len(s.World.Calls) != 0 {
		t.Errorf("calls left: %+v", s.World.Calls)
	}
}

// TestLateAnswersAreIgnored: the node is slow, so that the request reaches it
// when the client has given up; it executes it all the same.
func TestLateAnswersAreIgnored(t *testing.T) {
	for name, late := range map[string]time.Duration{"request": 110 * ms, "answer": 99 * ms} {
		t.Run(name, func(t *testing.T) {
			s := newClients(t)
			s.setup.Clients[0].Contacts = []protocols.NodeID{1}
			s.ask(0, 1, order{Word: "q", Do: protocols.Effects{write("q")}})
			s.ask(105*ms, 1, order{Word: "next", Silent: true})
			s.boot()
			s.strike(ms, pause(1))
			s.strike(late, resume(1))
			persisted := (late + 10*ms).String() + " n1 persisted 1"
			want := []string{"0s c1 asks n1 q", "100ms c1 info timeout", "105ms c1 asks n1 next", persisted, "205ms c1 info timeout"}
			s.saw(time.Second, want...)
			if len(s.World.Calls) != 0 {
				t.Errorf("calls left: %+v", s.World.Calls)
			}
		})
	}
}

// TestAnswerToAnEarlierAttempt: of that connection the client knows no more.
func TestAnswerToAnEarlierAttempt(t *testing.T) {
	s := newClients(t)
	s.setup.Clients[0].Contacts = []protocols.NodeID{1, 2}
	s.ask(0, 1, order{Word: "q"})
	s.boot()
	s.strike(ms, pause(1))
	s.strike(ms, pause(2))
	s.strike(150*ms, resume(1)) // answers at 152 ms, to nobody
	s.saw(190*ms, "0s c1 asks n1 q", "100ms c1 retries n2")
	s.strike(190*ms, resume(2))
	s.saw(time.Second, "192ms c1 ok q")
}

func TestStepsOfAClient(t *testing.T) {
	s := newClients(t)
	s.ask(0, 1, order{Word: "q", Refusal: protocols.Conflict})
	s.setup.Clients[0].Contacts = []protocols.NodeID{3, 2}
	s.boot()
	var got []sim.ClientStep
	s.Watch(observer(func(step *sim.Step) {
		if step.Client.Client != 0 {
			step.Client.Command = nil
			got = append(got, step.Client)
		}
	}))
	s.until(time.Second)
	want := []sim.ClientStep{
		{Client: 1, Operation: 101, Node: 3, Invoked: true},
		{Client: 1, Operation: 101, Node: 2},
		{Client: 1, Operation: 101, Node: 2, Returned: true, Outcome: sim.Fail, Reason: protocols.Conflict},
	}
	if len(got) != len(want) {
		t.Fatalf("got %+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("step %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}

// TestRefusalOfAnEarlierAttempt: the first node goes down with the request
// still in front of it, when the client is asking the second.
func TestRefusalOfAnEarlierAttempt(t *testing.T) {
	s := newClients(t)
	s.setup.Clients[0].Contacts = []protocols.NodeID{1, 2}
	s.ask(0, 1, order{Word: "q"})
	s.boot()
	s.strike(ms, pause(1))
	s.strike(ms, pause(2))
	s.strike(150*ms, sim.Fault{Kind: sim.CrashNode, Node: 1})
	s.saw(190*ms, "0s c1 asks n1 q", "100ms c1 retries n2", "150ms n1 stopped")
	s.strike(190*ms, resume(2))
	s.saw(time.Second, "192ms c1 ok q")
}
