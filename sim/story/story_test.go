package story

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// scribe is a small protocol: a node that is asked writes the command to its
// disk, and then tells the others, who apply it, and answers.
type scribe struct {
	Self    protocols.NodeID
	Nodes   []protocols.NodeID
	Members []protocols.NodeID
	Mark    uint64
	Waiting []protocols.Requested
	Store   machine.KV
	Beats   map[string]uint64
}

type record struct{ Command protocols.Command }

type copyOf struct {
	From    protocols.NodeID
	Command protocols.Command
}

type beat struct{ Number uint64 }

func (s *scribe) Replicated() protocols.StateMachine { return &s.Store }

func (s *scribe) Step(_ time.Duration, event protocols.Event, out *protocols.Effects) {
	switch e := event.(type) {
	case protocols.Recovered:
		for _, r := range e.Disk.Log {
			if r == nil {
				out.Note(protocols.Note{Kind: protocols.Halted, Text: "damaged"})
				return
			}
			s.Store.Apply(r.(record).Command)
		}
		out.Note(protocols.Note{Kind: protocols.Role, Text: "scribe"})
		out.SetTimer(protocols.Timer{Name: "beat"}, time.Second, time.Second)
	case protocols.Requested:
		s.Mark++
		s.Waiting = append(s.Waiting, e)
		out.Persist(s.Mark, protocols.Append{Record: record{e.Command}})
	case protocols.Persisted:
		for _, asked := range s.Waiting {
			result := s.Store.Apply(asked.Command)
			out.Note(protocols.Note{Kind: protocols.Delivered, Slot: s.Mark, Value: asked.Command})
			s.tell(copyOf{s.Self, asked.Command}, out)
			out.Reply(asked.Client, asked.Request, result)
		}
		s.Waiting = nil
	case protocols.Received:
		switch m := e.Message.(type) {
		case copyOf:
			s.Store.Apply(m.Command)
		case beat:
			s.Beats[fmt.Sprint(e.From)] += m.Number
		}
	case protocols.TimerFired:
		s.tell(beat{1}, out)
		out.SetTimer(e.Timer, time.Second, time.Second)
	}
}

func (s *scribe) tell(m protocols.Message, out *protocols.Effects) {
	for _, id := range s.Nodes {
		if id != s.Self {
			out.Send(id, m)
		}
	}
}

func scribes(links protocols.LinkKind) Suite {
	return Suite{Protocol: protocols.Protocol{
		Name: "scribes", Links: links,
		Parameters: []protocols.Parameter{{Name: "pace", Default: "slow"}},
		Types:      append(machine.Types(), (*scribe)(nil), record{}, copyOf{}, beat{}),
		New: func(c protocols.Config) (protocols.Node, error) {
			if c.Parameters["pace"] == "wrong" {
				return nil, fmt.Errorf("pace is wrong")
			}
			return &scribe{
				Self: c.Self, Nodes: c.Nodes, Members: c.Members, Store: *machine.NewKV(), Beats: map[string]uint64{},
			}, nil
		},
	}}
}

// tell plays a script and returns its golden text; it must have no problems.
func tell(t *testing.T, s Suite, setup, script string) string {
	t.Helper()
	told, problems := s.check("test", []byte("Prose.\n-- setup --\n"+setup+"-- script --\n"+script), true)
	for _, problem := range problems {
		t.Error(problem)
	}
	_, text, _ := strings.Cut(string(told), "-- story --\n")
	return text
}

func TestAStoryReadsLikeProse(t *testing.T) {
	got := tell(t, scribes(protocols.Datagram), "nodes: 2\n", `
boot n1 n2
# A write.
c1 asks n1: put x 1
expect c1 waits
sync n1
deliver copyOf n1→n2
expect n1 n2 hold x = 1
crash n1
`)
	want := `boot n1 n2
  n1 starts with an empty disk
    notes role scribe
  n2 starts with an empty disk
    notes role scribe

# A write.
c1 asks n1: put x 1
  n1 is asked by c1: put x 1
    begins write 1: record{Command: put x 1}
expect c1 waits
sync n1
  n1 has write 1 on disk
    notes delivered, slot 1: put x 1
    sends n2: copyOf{From: n1, Command: put x 1}
  c1 has: ok
deliver copyOf n1→n2
  n2 gets from n1: copyOf{From: n1, Command: put x 1}
expect n1 n2 hold x = 1
crash n1
  n1 is down
`
	if got != want {
		t.Errorf("%s", difference(want, got))
	}
}

// TestScripts: the commands do what they say; that is what their expectations
// are for.
func TestScripts(t *testing.T) {
	for name, c := range map[string]struct {
		links         protocols.LinkKind
		setup, script string
	}{
		"datagrams are dropped, doubled and overtake": {protocols.Datagram, "", `
boot all
c1 asks n1: put x 1
sync n1
c1 asks n1: put x 2
sync n1
expect 2 copyOf in flight n1→n2
deliver last copyOf n1→n2
expect nothing in flight to n1
duplicate next n1→n2
expect n2 holds x = 2
deliver n1→n2
expect n2 holds x = 1
drop n1→n2
deliver all
expect nothing in flight
expect 4 copyOf sent from n1
expect no beat sent`},
		"many clients are served one after the other": {protocols.Stream, "clients: 20\n", `
boot all
each c2 to c20 asks n1: add x 2
expect n1 n2 n3 hold x = 38
expect c20 got ok`},
		"a crash keeps what it is told to": {protocols.Stream, "", `
boot n1
c1 asks n1 then n2: put x 1
c2 asks n1: put y 2
crash n1 keeping 1
expect c1 got unknown: crashed
restart n1
expect n1 holds x = 1
expect n1 holds no y
expect n1.disk.Log has 1
c3 asks n1: put z 3
crash n1 keeping none torn
expect n1 is down
boot n1
expect n1 holds no z
c3 asks n1: put z 3
fail sync n1 keeping 1
expect n1 is down
boot n1
expect n1 holds z = 3
crash n1
rot record 1 of n1
boot n1
expect note halted damaged at n1 once
expect note "damaged" at n1
crash n1
lose disk n1
boot n1
expect n1.disk.Log has 0
expect n1 holds no z`},
		"time passes only by run": {protocols.Stream, "pace: quick\nclients: alice\n", `
boot n1 n2 n3
hold n1→n2
run 1500ms
expect no note leading
expect n2.Beats has 1
expect n3.Beats[1] is 1
release n1→n2
run until quiet
expect n2.Beats has 2
expect n2.Beats[1] is 1
alice asks n2: get x
run until alice is answered
expect alice got nothing
alice asks n2: put x 1
run until delivered at n2 within 1s`},
		"cuts and breaks": {protocols.Stream, "members: n1 n2\nseed: 3\n", `
boot all
split n1 | n2 n3
fire beat at n1
expect no beat in flight
heal n1↔n3
settle
fire beat at n1
settle
expect n3.Beats[1] is 1
heal
fire beat at n2
break n2↔n1
deliver break n2→n1
expect n1.Members has 2
expect n1.Members[1] is n2
expect n1.Self is not n2
expect timer beat at n1
expect no timer other at n1
pause n3
expect n3 is paused
resume n3
deliver all
drift clock n1 by 100ppm
jump clock n1 by 5s
c1 asks n1: transfer a b 10
settle
expect c1 got aborted: not done, there was nothing
c1 asks n1: put a 10; add a -3
c2 asks n2: cas x 1 2
settle
expect c1 got ok; ok
expect c2 got not done, there was nothing
expect n1 n3 agree`},
	} {
		t.Run(name, func(t *testing.T) {
			tell(t, scribes(c.links), c.setup, c.script)
		})
	}
}

// TestWhatIsWrongIsSaid: where, what and, where there is one, a hint.
func TestWhatIsWrongIsSaid(t *testing.T) {
	for _, c := range []struct{ setup, script, want string }{
		{"", "boot n1\ncrash n2", `test:5: "crash n2": n2 is down already`},
		{"", "boot n4", "no node \"n4\""},
		{"", "boott n1", `no command "boott": did you mean "boot"?`},
		{"links: datagram\n", "boot n1", "test:3: links are datagram, and scribes assumes streams"},
		{"node: 3\n", "boot n1", `test:3: no setting or parameter "node": did you mean "nodes"?`},
		{"pace: wrong\n", "boot n1", "setup: scribes: pace is wrong"},
		{"members: n9\n", "boot n1", "members: no node \"n9\""},
		{"nodes 3\n", "boot n1", `write "key: value"`},
		{"", "boot n1\nexpect n1.Self is n2", "it is n1"},
		{"", "boot n1\nexpect n1.Sefl is n2", `has no field "Sefl": did you mean "Self"?`},
		{"", "boot n1\nexpect n1 holds x = 1", "n1 holds x = nothing"},
		{"", "boot n1\nexpect note leading", "noted 0 times; the last notes are: n1 role scribe"},
		{"", "boot n1\nexpect no note role", "noted 1 times"},
		{"", "boot n1\nexpect 1 beat sent", "there were 0"},
		{"", "boot n1\nexpect no baet sent", `no type "baet": did you mean "beat"?`},
		{"", "boot n1\nexpect c1 got ok", "it has no answer"},
		{"", "boot n1\nexpect the best", "is nothing to expect"},
		{"", "boot n1\nfire bell at n1", "no such timer is set at n1: set are beat"},
		{"", "boot n1 n2\nfire beat at n1\ndrop n1→n2", "a stream neither loses nor doubles"},
		{"", "boot n1\ndeliver beat n1→n2", "no such packet is in flight: there is nothing"},
		{"", "boot n1 n2\nc1 asks n1: put x 1\nfire beat at n1\nsync n1\ndeliver copyOf n1→n2", "on the stream n1→n2 beat comes before it"},
		{"", "boot n1 n2\nhold\nfire beat at n1\ndeliver all", "n1→n2 is held"},
		{"", "boot n1\nsync n1", "nothing is being forced at n1"},
		{"", "boot n1\nrun until leading at n1 within 3s", "it did not come to that within 3s"},
		{"", "boot n1\nc1 asks n1: putt x 1", `a client cannot ask to "putt": did you mean "put"?`},
		{"", "boot n1\nc1 gives up", "c1 waits for nothing"},
		{"", "boot n1\neach c2 to c1 asks n1: get x", "no clients in their order"},
		{"", "boot n1\neach c1 asks n1: get x", "each CLIENT to CLIENT"},
		{"", "boot n1\nc1 asks n1: put x 1\nc1 asks n1: put x 2", "c1 still waits for its answer"},
		{"", "", "there is no script"},
	} {
		content := "Prose.\n-- setup --\n" + c.setup + "-- script --\n" + c.script + "\n"
		_, problems := scribes(protocols.Stream).check("test", []byte(content), true)
		if len(problems) != 1 || !strings.Contains(problems[0].Error(), c.want) {
			t.Errorf("%s%s: says %v, want %q", c.setup, c.script, problems, c.want)
		}
	}
}

func TestAGoldenTextMustBeEqual(t *testing.T) {
	s := scribes(protocols.Stream)
	script := "Prose.\n-- script --\nboot n1\n-- story --\n"
	told, problems := s.check("test", []byte(script), true)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if _, problems = s.check("test", told, false); len(problems) > 0 {
		t.Errorf("what was written is not accepted: %v", problems)
	}
	spoilt := strings.Replace(string(told), "role scribe", "role scribbler", 1)
	if _, problems = s.check("test", []byte(spoilt), false); len(problems) != 1 ||
		!strings.Contains(problems[0].Error(), "line 3") {
		t.Errorf("another text is accepted: %v", problems)
	}
	if _, problems = s.check("test", []byte("-- script --\nboot n1\n"), true); len(problems) != 1 {
		t.Errorf("a story without prose is accepted")
	}
}

func TestAStoryIsPlayedTwice(t *testing.T) {
	made := 0
	s := scribes(protocols.Stream)
	s.Wrap = func(n protocols.Node) protocols.Node {
		n.(*scribe).Mark = uint64(made / 4) // a world makes three nodes to try, and one boots
		made++
		return n
	}
	_, problems := s.check("test", []byte("Prose.\n-- script --\nboot n1\n"), true)
	if len(problems) != 1 || !strings.Contains(problems[0].Error(), "played again the story differs") {
		t.Errorf("a protocol that is not deterministic passes: %v", problems)
	}
}
