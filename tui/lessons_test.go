package tui

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

// student is who does in a lesson what its last line proposes, with the keys that it
// names.
type student struct{ *screen }

func (s student) press(keys ...string) student {
	s.count = "" // a moment later
	s.screen.press(keys...)
	return s
}

// after goes to an instant.
func (s student) after(text string) student { return s.press(":time "+text, "enter") }

// cut cuts nodes off from the others with P: each is put into another group.
func (s student) cut(nodes ...string) student {
	s.press("P")
	s.press(nodes...)
	s.press("g")
	for range s.t.World().Nodes {
		s.press("j")
	}
	return s.press("enter")
}

// crash crashes the leader.
func (s student) crashLeader() student { return s.press(fmt.Sprintf("%dc", s.t.Leader())) }

// violated lists what the branch violates.
func (s student) violated() string {
	var names []string
	for _, v := range s.t.Line().Violations() {
		if !slices.Contains(names, v.Property) {
			names = append(names, v.Property)
		}
	}
	return strings.Join(names, " ")
}

// saw tells what a client was told: all that it asked that has a text in it, one after
// the other.
func (s student) saw(client, text string) string {
	var all []string
	line := s.t.Line()
	for _, o := range line.Operations(line.Len(), 1<<20) {
		if o.Client != client || !strings.Contains(o.Text, text) {
			continue
		}
		told := o.Outcome
		if o.Return == 0 {
			told = "waits"
		} else if o.Ended-o.Began > time.Second {
			told += " late"
		}
		all = append(all, told)
	}
	return strings.Join(all, ", ")
}

// served counts the operations that ended well within a time.
func (s student) served(from, to time.Duration) int {
	n := 0
	line := s.t.Line()
	for _, o := range line.Operations(line.Len(), 1<<20) {
		if o.Began >= from && o.Ended <= to && o.Return > 0 && !o.Failed && !o.Unknown {
			n++
		}
	}
	return n
}

// leads counts how often somebody begins to lead within a time.
func (s student) leads(from, to time.Duration) int {
	n := 0
	line := s.t.Line()
	for step := line.StepAt(from) + 1; step <= line.StepAt(to); step += 512 {
		for _, row := range s.t.Rows(step, min(step+511, line.StepAt(to))) {
			if strings.Contains(row.Text, "notes leading") {
				n++
			}
		}
	}
	return n
}

// fork is what the last line of a run proposes to do, and what comes of it.
type fork struct {
	lesson, run string
	do          func(s student) student
	told        func(s student) string
	want        string
}

// saw tells what clients were told, each "client what it asked", and what is violated.
func saw(clients ...string) func(student) string {
	return func(s student) string {
		text := ""
		for _, c := range clients {
			client, what, _ := strings.Cut(c, " ")
			text += client + ": " + s.saw(client, what) + "; "
		}
		return text + "violated: " + s.violated()
	}
}

func capForks() []fork {
	return []fork{
		{
			"cap-partition", "figure-1-2",
			func(s student) student { return s.after("1900ms").cut("1") }, saw("B read"), `B: "V0", waits; violated: `,
		},
		{
			"cap-partition", "figure-3-answer",
			func(s student) student { return s.after("6s").press("X") }, saw("B read"), `B: "V0", "V1", "V1"; violated: `,
		},
		{
			"cap-partition", "figure-3-block",
			func(s student) student { return s.after("6s").press("X") }, saw("B read"), `B: "V0", "V1", "V1"; violated: `,
		},
		{
			"mysql-ab", "strong",
			func(s student) student { return s.after("9s").cut("1") },
			saw("writer", "reader"), `writer: info (timeout) late; reader: waits; violated: `,
		},
		{
			"mysql-ab", "weak",
			func(s student) student { return s.press("R") }, saw("reader"), `reader: "1", "2", "2"; violated: linearizable`,
		},
		{
			"mysql-ab", "eventual",
			func(s student) student { return s.after("9s").cut("1").after("18s").press("H") },
			saw("reader"), `reader: "1", "1", "2"; violated: linearizable`,
		},
		{
			"quorum-rw", "without-write-back",
			func(s student) student { return s.after("1041ms").press("X") },
			saw("first read V", "second read V"), `first: "new"; second: "new", "new"; violated: `,
		},
		{
			"quorum-rw", "with-write-back",
			func(s student) student { return s.after("1041ms").press("X") },
			saw("first read V", "second read V"), `first: "new"; second: "new", "new"; violated: `,
		},
		{
			"quorum-rw", "one-and-one",
			func(s student) student { return s.after("1080ms").press("1c") },
			saw("writer write V", "second read V"), `writer: ok; second: "old", "new"; violated: linearizable`,
		},
		{
			"lww-clock-skew", "lww",
			func(s student) student { return s.after("4s").cut("2") }, saw("bob read cart"), `bob: info (timeout) late; violated: `,
		},
	}
}

func commitForks() []fork {
	const lesson = "2pc-coordinator-crash"
	cutOff := func(s student) student { return s.after("5050ms").cut("3") } // all have voted, nobody has precommitted
	crashWest := func(s student) student { return s.after("5s").press("3c") }
	goesOn := func(s student) string {
		return fmt.Sprintf("served %v, violated: %s", s.served(5*time.Second, 30*time.Second) > 0, s.violated())
	}
	return []fork{
		{
			lesson, "no-crash", func(s student) student { return s.after("6010602us").press("3c") },
			saw("ann read"), `ann: "90", info (timeout) late, waits; violated: `,
		},
		{
			lesson, "undecided", func(s student) student { return s.after("6500ms").press("3r") },
			saw("ann read", "bob read"), `ann: "90", "90", "90"; bob: "110", "110"; violated: `,
		},
		{
			lesson, "decided", func(s student) student { return s.after("6500ms").press("3r") },
			saw("ann read", "bob read"), `ann: "90", "70", "70"; bob: "130", "130"; violated: `,
		},
		{
			lesson, "never-back", func(s student) student { return s.after("21s").press("3r") },
			saw("ann read", "bob read"), `ann: "90", "90" late, "90"; bob: "110" late, "110"; violated: `,
		},
		{
			lesson, "heuristic", func(s student) student { return s.after("6500ms").press("3r") },
			saw("ann read", "bob read"), `ann: "90", "70", "70"; bob: "130", "130"; violated: `,
		},
		{
			lesson, "takes-part", func(s student) student { return s.after("15900ms").press("1c") },
			saw("ann read", "clerk read"), `ann: fail (crashed); clerk: "90"; violated: `,
		},
		{
			lesson, "bank", func(s student) student { return s.after("5s").press("2c") },
			goesOn, "served true, violated: ",
		},
		{
			"2pc-readers", "reader", func(s student) student { return s.after("6500ms").press("3c") },
			saw("ann read", "walt read"), `ann: "85" late, "85"; walt: fail (crashed), fail (crashed); violated: `,
		},
		{"2pc-readers", "bank", crashWest, goesOn, "served true, violated: "},
		{"commit-readers", "three-phase", crashWest, goesOn, "served true, violated: "},
		{"3pc-partition", "simple", cutOff, saw("kim", "zoe"), `kim: "105"; zoe: "100"; violated: `},
		{"3pc-partition", "quorum", cutOff, saw("kim", "zoe"), `kim: "105"; zoe: "100"; violated: `},
		{"3pc-partition", "e3pc", cutOff, saw("kim", "zoe"), `kim: "105"; zoe: "100"; violated: `},
	}
}

func consensusForks() []fork {
	// is tells how often somebody began to lead, and whether clients were served.
	is := func(leadsFrom, leadsTo, servedFrom, servedTo time.Duration) func(student) string {
		return func(s student) string {
			return fmt.Sprintf("led %d times, served %v; violated: %s",
				s.leads(leadsFrom*time.Millisecond, leadsTo*time.Millisecond),
				s.served(servedFrom*time.Millisecond, servedTo*time.Millisecond) > 0, s.violated())
		}
	}
	return []fork{
		{
			"paxos-duelling-proposers", "without-backoff",
			func(s student) student { return s.after("4s").press("2c") }, saw("c1 write"), `c1: ok late, ok; violated: `,
		},
		{
			"paxos-duelling-proposers", "with-backoff",
			func(s student) student { return s.after("2005ms").press("1", "w") },
			saw("c1 write", "c2 write"), `c1: ok, ok; c2: ok, ok; violated: `,
		},
		{
			"paxos-duelling-proposers", "one-leader", func(s student) student { return s.after("1900ms").crashLeader() },
			is(1900, 8000, 2000, 12_000), "led 1 times, served true; violated: ",
		},
		{
			"zab-leader-crash", "main", func(s student) student {
				s.after("8s")
				up := slices.IndexFunc(s.t.World().Nodes, func(c sim.Cell) bool { return c.Up })
				return s.press(fmt.Sprintf("%dc", up+1))
			}, is(8000, 12_000, 8500, 12_000), "led 0 times, served false; violated: ",
		},
		{
			"zab-partition", "three-nodes", func(s student) student { return s.after("8100ms").press("H") },
			is(8100, 18_000, 8500, 18_000), "led 0 times, served true; violated: ",
		},
		{
			"zab-partition", "five-nodes", func(s student) student {
				s.after("13s")
				return s.cut(fmt.Sprint(s.t.Leader()))
			}, is(13_000, 18_000, 15_000, 18_000), "led 0 times, served false; violated: ",
		},
		{
			"isolated-voter", "without-cure", func(s student) student { return s.after("12s").press("H") },
			is(12_000, 15_000, 13_000, 20_000), "led 1 times, served true; violated: ",
		},
		{
			"isolated-voter", "without-cure", func(s student) student { return s.after("12s").press("5c") },
			is(12_000, 15_000, 13_000, 20_000), "led 1 times, served true; violated: ",
		},
		{
			"isolated-voter", "with-prevote", func(s student) student { return s.after("12s").crashLeader() },
			is(12_000, 15_000, 15_000, 20_000), "led 1 times, served true; violated: ",
		},
	}
}

// TestLessonForks does in each run of each lesson what its last line proposes, and sees
// what comes of it: another end than that of the run as planned.
func TestLessonForks(t *testing.T) {
	forks := slices.Concat(capForks(), commitForks(), consensusForks())
	for _, f := range forks {
		t.Run(f.lesson+"/"+f.run, func(t *testing.T) {
			s := student{show(t, f.lesson, 0, 80, 24)}
			if s.press(":run "+f.run, "enter"); s.t.Line().Name != f.run {
				t.Fatalf("this is %s: %s", s.t.Line().Name, s.message)
			}
			before := f.told(s)
			if f.do(s); s.t.Line().Parent == nil && f.run != "weak" {
				t.Fatalf("nothing came of it: %s", s.message)
			}
			got := f.told(s)
			if got != f.want {
				t.Errorf("as planned: %s\nthen: %s\nwant: %s", before, got, f.want)
			}
		})
	}
}

// TestEveryLessonIsForked: no run of a lesson proposes what TestLessonForks does not do.
// Where the runs of a lesson propose the same, the first stands for all.
func TestEveryLessonIsForked(t *testing.T) {
	made, err := lab()
	if err != nil {
		t.Fatal(err)
	}
	lessons, err := Lessons(made, "en")
	if err != nil || len(lessons) < 10 {
		t.Fatalf("%d lessons: %v", len(lessons), err)
	}
	done := map[string]bool{}
	for _, f := range slices.Concat(capForks(), commitForks(), consensusForks()) {
		done[f.lesson+"/"+f.run] = true
	}
	for _, lesson := range lessons {
		seen := map[string]bool{}
		for _, run := range lesson.scenario.Runs {
			for _, entry := range run.Timeline {
				say, ok := entry.Action.(language.Say)
				if !ok || !strings.HasPrefix(say.Text, "Try in") || seen[say.Text] {
					continue
				}
				seen[say.Text] = true
				if !done[lesson.Name+"/"+run.Name] {
					t.Errorf("%s, %s: %s", lesson.Name, run.Name, say.Text)
				}
			}
		}
	}
}
