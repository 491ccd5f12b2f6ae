package reports_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"quorumlab/checker/linear"
	"quorumlab/reports"
	"quorumlab/scenarios"
)

// files are those of a report, in memory.
type files map[string][]byte

func (f files) create(name string, write func(io.Writer) error) error {
	var b bytes.Buffer
	err := write(&b)
	f[name] = b.Bytes()
	return err
}

// made is a report with all its files.
type made struct {
	report *reports.Report
	files  files
}

func makeReport(t *testing.T, names []string, seeds ...uint64) made {
	t.Helper()
	lab, err := scenarios.NewLab()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := reports.Contest(lab, names)
	if err != nil {
		t.Fatal(err)
	}
	collected, err := reports.Collect(context.Background(), lab, rows, seeds, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := made{collected.Summary("quorumlab report", "test"), files{}}
	if err := collected.Evidence(context.Background(), lab, m.report, m.files.create); err != nil {
		t.Fatal(err)
	}
	plots, err := collected.Plots(m.report)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plots {
		m.files[p.File] = p.SVG
	}
	for name, write := range map[string]func(io.Writer) error{
		"report.md":   func(w io.Writer) error { return m.report.Markdown(w, plots) },
		"report.html": func(w io.Writer) error { return m.report.HTML(w, plots) },
		"junit.xml":   m.report.JUnit,
		"report.json": func(w io.Writer) error { return json.NewEncoder(w).Encode(m.report) },
	} {
		if err := m.files.create(name, write); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// whole is the contest with two seeds: made once, for several tests look at it.
var whole = struct {
	sync.Once
	made
}{}

func wholeContest(t *testing.T) made {
	whole.Do(func() { whole.made = makeReport(t, nil, 1, 2) })
	if whole.report == nil {
		t.Fatal("the contest could not be made; see the first test that failed")
	}
	return whole.made
}

func row(t *testing.T, r *reports.Report, id string) *reports.RowReport {
	t.Helper()
	at := slices.IndexFunc(r.Rows, func(row reports.RowReport) bool { return row.ID == id })
	if at < 0 {
		t.Fatalf("no row %s", id)
	}
	return &r.Rows[at]
}

func phase(t *testing.T, row *reports.RowReport, name string) *reports.PhaseReport {
	t.Helper()
	at := slices.IndexFunc(row.Phases, func(p reports.PhaseReport) bool { return p.Name == name })
	if at < 0 {
		t.Fatalf("%s has no phase %s", row.ID, name)
	}
	return &row.Phases[at]
}

// level returns the verdict on the strictest level of isolation.
func level(t *testing.T, row *reports.RowReport) *reports.VerdictReport {
	t.Helper()
	at := slices.IndexFunc(row.Verdicts, func(v reports.VerdictReport) bool { return v.Model == "strict-serializable" })
	if at < 0 {
		t.Fatalf("%s is not judged by levels of isolation", row.ID)
	}
	return &row.Verdicts[at]
}

func sideOf(t *testing.T, p *reports.PhaseReport, side string) map[linear.Kind]float64 {
	t.Helper()
	shares := map[linear.Kind]float64{}
	for _, s := range p.Sides {
		for _, k := range s.Kinds {
			if ratio, ok := k.Available.Ratio(); ok && s.Side == side && k.Offered {
				shares[k.Kind] = ratio
			}
		}
	}
	if len(shares) == 0 {
		t.Fatalf("phase %s has no side %s", p.Name, side)
	}
	return shares
}

// What the theory says comes out of the figures: two give up consistency, and the
// others the minority side.
func TestContestHasTheShapeOfTheory(t *testing.T) {
	r := wholeContest(t).report
	if len(r.Rows) != 9 || len(r.Bugs) != 0 {
		t.Fatalf("%d rows, bugs %v", len(r.Rows), r.Bugs)
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		cut := phase(t, row, reports.PhasePartition)
		if cut.Struck != cut.Runs || cut.Runs != 2 {
			t.Errorf("%s: the cut struck in %d of %d runs", row.ID, cut.Struck, cut.Runs)
		}
		minority, majority := sideOf(t, cut, reports.SideMinority), sideOf(t, cut, reports.SideMajority)
		if row.ID == "async-primary-backup" || row.ID == "sloppy-quorum" {
			if row.Verdicts[0].Verdict != linear.Violated || row.Label.P != "A" {
				t.Errorf("%s is %s, %s", row.ID, row.Verdicts[0].Verdict, row.Label.Text)
			}
			if minority[linear.Write] < 0.95 || majority[linear.Write] < 0.95 || minority[linear.Read] < 0.95 {
				t.Errorf("%s answers %v | %v, want all on both sides", row.ID, minority, majority)
			}
			continue
		}
		if row.Verdicts[0].Verdict != linear.Holds || row.Label.P != "C" {
			t.Errorf("%s is %s, %s: %s", row.ID, row.Verdicts[0].Verdict, row.Label.Text, row.Verdicts[0].Why)
		}
		if minority[linear.Write] > 0.4 {
			t.Errorf("%s answers %v on the minority side", row.ID, minority)
		}
		if v := level(t, row); v.Verdict != linear.Unknown != (row.Protocol != "quorumstore") || row.Protocol != "quorumstore" && (v.Verdict != linear.Holds || v.Tested < 100) {
			t.Errorf("%s: its transactions: %s, %d links tested", row.ID, v.Verdict, v.Tested)
		}
		if row.ID == "paxos" || row.ID == "zab" {
			if majority[linear.Write] < 0.8 || cut.Failover == nil || cut.Failover.Median < 100 || cut.Recovery == nil {
				t.Errorf("%s: majority %v, fail-over %v, recovery %v", row.ID, majority, cut.Failover, cut.Recovery)
			}
		}
	}
	if v := level(t, row(t, r, "async-primary-backup")); v.Verdict != linear.Violated || v.Witness == nil || !strings.HasPrefix(v.Witness.Command, "quorumlab step ") || v.Witness.Step == 0 {
		t.Errorf("async primary-backup's transactions: %+v", v)
	}
	if lost := phase(t, row(t, r, "async-primary-backup"), reports.PhasePartition).Lost; lost.Lost == 0 || lost.Lost != lost.ByReads {
		t.Errorf("async primary-backup lost %d acknowledged writes, %d by what was read", lost.Lost, lost.ByReads)
	}
	two, three := row(t, r, "2pc"), row(t, r, "3pc-quorum")
	blocked, short := phase(t, two, reports.PhaseCrash).InDoubt, phase(t, three, reports.PhaseCrash).InDoubt
	if blocked.Longest.Median < 9000 || short.Longest.Median > 5000 {
		t.Errorf("in doubt after a crash: two-phase commit %.0f ms, three-phase %.0f ms", blocked.Longest.Median, short.Longest.Median)
	}
	for _, id := range []string{"2pc", "3pc-quorum", "paxos-commit"} {
		if p := phase(t, row(t, r, id), reports.PhasePartition); p.Decided == 0 || p.Mixed != 0 {
			t.Errorf("%s: %d of %d transactions have mixed outcomes", id, p.Mixed, p.Decided)
		}
	}
	// The least a write can wait for: itself and a majority and back, from a follower.
	for _, s := range row(t, r, "zab").Steady {
		if s.Kind == linear.Write && (s.Slope.Median < 3.5 || s.Slope.Median > 4.5) {
			t.Errorf("zab's writes wait for %.2f message delays, want about 4", s.Slope.Median)
		}
	}
}

func TestTheSameSeedsGiveTheSameBytes(t *testing.T) {
	names := []string{"sloppy-quorum", "zab"}
	before := runtime.GOMAXPROCS(1)
	one := makeReport(t, names, 5, 6)
	runtime.GOMAXPROCS(4)
	four := makeReport(t, names, 5, 6)
	runtime.GOMAXPROCS(before)
	if len(one.files) != len(four.files) || len(one.files) < 12 {
		t.Fatalf("%d and %d files", len(one.files), len(four.files))
	}
	for name, data := range one.files {
		if !bytes.Equal(data, four.files[name]) {
			t.Errorf("%s differs", name)
		}
	}
}

// Every verdict "violated" has a witness with a trace that is there and replays,
// and a line that opens it at a step which it has.
func TestWitnessesCanBeStepped(t *testing.T) {
	m := wholeContest(t)
	lab, err := scenarios.NewLab()
	if err != nil {
		t.Fatal(err)
	}
	command := regexp.MustCompile(`^quorumlab step (\S+\.trace\.jsonl) --at [1-9][0-9]*$`)
	replayed := map[string]uint64{}
	violated := 0
	for i := range m.report.Rows {
		for _, v := range m.report.Rows[i].Verdicts {
			if v.Verdict != linear.Violated {
				continue
			}
			violated++
			w := v.Witness
			match := command.FindStringSubmatch(w.Command)
			if match == nil || match[1] != w.Trace {
				t.Errorf("%s, %s: the line is %q", m.report.Rows[i].ID, v.Model, w.Command)
				continue
			}
			if _, done := replayed[w.Trace]; !done {
				again, err := lab.Replay(context.Background(), bytes.NewReader(m.files[w.Trace]))
				if err != nil {
					t.Fatalf("%s: %v", w.Trace, err)
				}
				replayed[w.Trace] = again.Steps
			}
			if w.Step > replayed[w.Trace] || w.Words == "" || len(w.Operations) == 0 {
				t.Errorf("%s: step %d of %d, %d operations: %q", w.Trace, w.Step, replayed[w.Trace], len(w.Operations), w.Words)
			}
			if !strings.Contains(string(m.files["report.html"]), w.Command) || !strings.Contains(string(m.files["report.md"]), w.Command) {
				t.Errorf("the line %q is not on the pages", w.Command)
			}
		}
	}
	if violated < 3 {
		t.Errorf("%d verdicts are violated", violated)
	}
	pages := 0
	for name := range m.files {
		if strings.HasSuffix(name, ".html") && name != "report.html" {
			pages++
		}
	}
	if pages == 0 {
		t.Error("there is no page of porcupine")
	}
}

func TestFilesAreWellFormed(t *testing.T) {
	m := wholeContest(t)
	for name, data := range m.files {
		if strings.HasSuffix(name, ".svg") || strings.HasSuffix(name, ".xml") {
			decoder := xml.NewDecoder(bytes.NewReader(data))
			for {
				if _, err := decoder.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Errorf("%s: %v", name, err)
					break
				}
			}
		}
		if strings.HasSuffix(name, "history.jsonl") {
			if _, _, err := linear.Decode(bytes.NewReader(data), linear.Auto); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	page := string(m.files["report.html"])
	for _, loads := range []string{`src="http`, `href="http`, "url(http", "@import", "<link"} {
		if strings.Contains(page, loads) {
			t.Errorf("report.html loads something: %s", loads)
		}
	}
	if strings.Count(page, `class="spacetime"`) < 3 || strings.Count(page, "@font-face") != 1 || !strings.Contains(page, "prefers-color-scheme: dark") {
		t.Error("report.html lacks diagrams, its font once, or darkness")
	}
	for _, bad := range []string{"NaN", "+Inf", "%!"} {
		for _, name := range []string{"report.md", "report.html", "report.json"} {
			if strings.Contains(string(m.files[name]), bad) {
				t.Errorf("%s has %q in it", name, bad)
			}
		}
	}
	if !strings.Contains(string(m.files["junit.xml"]), `name="linearizable"`) {
		t.Error("junit.xml has no case for linearizable")
	}
}
