package explore

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// clocks is a model of some clocks, each of which can be advanced by one up to
// a limit: (limit+1)ⁿ states, of which those with equal numbers can be
// interchanged.
type clocks struct{ n, limit int }

func (m clocks) Width() int             { return m.n }
func (m clocks) Expander() Expander     { return m }
func (m clocks) Kinds() []string        { return []string{"tick", "never"} }
func (m clocks) Bytes() uint64          { return 0 }
func (m clocks) Explain(l Label) string { return fmt.Sprintf("tick %d", l>>8) }
func (m clocks) Describe(state []uint32) []string {
	return []string{fmt.Sprint(state)}
}

func (m clocks) Properties() []Property {
	return []Property{
		{Name: "sum below half"},
		{Name: "all at the limit", Expectation: Sometimes},
		{Name: "beyond the limit", Expectation: Sometimes},
		{Name: "within the limit"},
	}
}

func (m clocks) Hits(state []uint32) uint64 {
	sum, hits := 0, uint64(0)
	for _, c := range state {
		sum += int(c)
		if int(c) > m.limit {
			hits |= 4 | 8
		}
	}
	if 2*sum >= m.n*m.limit {
		hits |= 1
	}
	if sum == m.n*m.limit {
		hits |= 2
	}
	return hits
}

func (m clocks) Initial(b *Batch) {
	clear(b.Next())
	b.Done(0)
}

func (m clocks) Expand(state []uint32, b *Batch) {
	for i, c := range state {
		if int(c) < m.limit {
			room := b.Next()
			copy(room, state)
			room[i]++
			b.Done(Label(i) << 8)
		}
	}
}

func (m clocks) Canonical(state []uint32) { slices.Sort(state) }

func explored(t *testing.T, m Model, o Options) *Result {
	t.Helper()
	r, err := Run(context.Background(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestRun explores the clocks in every way: the counts are those of arithmetic,
// the runs as short as can be and possible.
func TestRun(t *testing.T) {
	m := clocks{n: 4, limit: 8}
	for _, o := range []Options{
		{Workers: 1}, {Workers: 2}, {Workers: 3}, {Workers: 2, Wide: true}, {Workers: 1, Audit: true}, {Workers: 2, Seed: 7},
	} {
		r := explored(t, m, o)
		if r.Distinct != 6561 || r.Generated != 1+4*8*729 || r.Depth != 33 || r.Terminal != 1 || !r.Complete() {
			t.Errorf("%+v: %d / %d / %d, %d without a successor, %v", o, r.Distinct, r.Generated, r.Depth, r.Terminal, r.Bound)
		}
		checkVerdicts(t, r)
		for _, f := range r.Findings {
			checkPath(t, m, f.Path)
		}
		if r.CollisionBound <= 0 || r.CollisionBound > 1e-9 {
			t.Errorf("%+v: collision bound %g", o, r.CollisionBound)
		}
		if r.Kinds[0] != r.Generated || r.Kinds[1] != 0 {
			t.Errorf("%+v: steps of kinds %d", o, r.Kinds)
		}
	}
}

func checkVerdicts(t *testing.T, r *Result) {
	t.Helper()
	for i, want := range []Verdict{Violated, Reached, Missed, Holds} {
		if f := r.Findings[i]; f.Verdict != want {
			t.Errorf("%s: %s, want %s", f.Property.Name, f.Verdict, want)
		}
	}
	if n := len(r.Findings[0].Path.Steps); n != 16 {
		t.Errorf("half is reached in %d steps, want 16", n)
	}
	if n := len(r.Findings[1].Path.Steps); n != 32 {
		t.Errorf("the limit is reached in %d steps, want 32", n)
	}
}

// checkPath makes the steps of a run one by one.
func checkPath(t *testing.T, m clocks, path *Path) {
	t.Helper()
	if path == nil {
		return
	}
	state := make([]uint32, m.n)
	for i, step := range path.Steps {
		if !slices.Equal(state, path.States[i]) {
			t.Fatalf("step %d begins in %d, want %d", i, path.States[i], state)
		}
		state[step>>8]++
	}
	if !slices.Equal(state, path.States[len(path.Steps)]) {
		t.Fatalf("the run ends in %d, want %d", path.States[len(path.Steps)], state)
	}
}

// TestSymmetry counts multisets: binomial(limit+n, n). The runs are of the
// clocks as they are.
func TestSymmetry(t *testing.T) {
	m := clocks{n: 4, limit: 8}
	for workers := 1; workers <= 2; workers++ {
		r := explored(t, m, Options{Workers: workers, Symmetry: true, Audit: true})
		if r.Distinct != 495 || r.Depth != 33 {
			t.Errorf("%d orbits, depth %d", r.Distinct, r.Depth)
		}
		checkVerdicts(t, r)
		for _, f := range r.Findings {
			checkPath(t, m, f.Path)
		}
	}
	if _, err := Run(context.Background(), struct{ lopsided }{}, Options{Workers: 1, Symmetry: true}); err != ErrAsymmetric {
		t.Errorf("symmetry of a model without: %v", err)
	}
}

// lopsided is the clocks without their symmetry.
type lopsided struct{ Model }

func (lopsided) Width() int             { return 1 }
func (lopsided) Properties() []Property { return nil }
func (lopsided) Expander() Expander     { return struct{ Expander }{clocks{n: 1}} }

// TestSameRuns: the runs do not depend on the number of workers.
func TestSameRuns(t *testing.T) {
	m := clocks{n: 5, limit: 6}
	one, two := explored(t, m, Options{Workers: 1}), explored(t, m, Options{Workers: 2})
	for i := range one.Findings {
		a, b := one.Findings[i].Path, two.Findings[i].Path
		if (a == nil) != (b == nil) || a != nil && !slices.Equal(a.Steps, b.Steps) {
			t.Errorf("%s: the runs differ", one.Findings[i].Property.Name)
		}
	}
}

func TestBounds(t *testing.T) {
	m := clocks{n: 6, limit: 8}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, test := range []struct {
		ctx     context.Context
		options Options
		bound   Bound
		least   uint64 // distinct states
		most    uint64
	}{
		{context.Background(), Options{Workers: 1, StatesMax: 10_000}, StatesBound, 10_000, 14_000},
		{context.Background(), Options{Workers: 2, DepthMax: 3}, DepthBound, 1 + 6 + 21, 1 + 6 + 21},
		{context.Background(), Options{Workers: 2, MemoryMax: 1 << 20}, MemoryBound, 1000, 100_000},
		{context.Background(), Options{Workers: 1, Stop: true}, Stopped, 100_000, 531_440},
		{ended, Options{Workers: 1}, Interrupted, 1, 1},
	} {
		r, err := Run(test.ctx, m, test.options)
		if err != nil {
			t.Fatal(err)
		}
		if r.Bound != test.bound || r.Distinct < test.least || r.Distinct > test.most || r.Frontier == 0 {
			t.Errorf("%+v: bound %q, %d distinct, %d to expand", test.options, r.Bound, r.Distinct, r.Frontier)
		}
		for i, want := range []Verdict{Unknown, Unknown, Unknown, Unknown} {
			if test.bound == Stopped && i == 0 {
				want = Violated
			}
			if r.Findings[i].Verdict != want {
				t.Errorf("%+v: %s is %s, want %s", test.options, r.Findings[i].Property.Name, r.Findings[i].Verdict, want)
			}
		}
	}
}

// TestAudit has two states share a fingerprint.
func TestAudit(t *testing.T) {
	defer func() {
		if said := fmt.Sprint(recover()); !strings.Contains(said, "share the fingerprint") {
			t.Errorf("the audit says %s", said)
		}
	}()
	explored(t, collide{clocks{n: 3, limit: 2}}, Options{Workers: 1, Audit: true})
}

// collide gives states of equal sums equal fingerprints.
type collide struct{ clocks }

func (m collide) Expander() Expander { return m }

func (m collide) Expand(state []uint32, b *Batch) {
	for i, c := range state {
		if int(c) < m.limit {
			room := b.Next()
			copy(room, state)
			room[i]++
			b.DoneAs(0, uint64(room[0]+room[1]+room[2]))
		}
	}
}

// TestDepthFirst: the counts and verdicts are those of breadth first; the runs
// are runs.
func TestDepthFirst(t *testing.T) {
	m := clocks{n: 4, limit: 8}
	for _, o := range []Options{{}, {Wide: true}, {Symmetry: true}} {
		r, err := RunDepthFirst(context.Background(), m, o)
		if err != nil {
			t.Fatal(err)
		}
		o.Workers = 1
		broad := explored(t, m, o)
		if r.Distinct != broad.Distinct || r.Generated != broad.Generated || r.Terminal != broad.Terminal || !r.Complete() ||
			r.Kinds[0] != r.Generated || r.Depth != 33 || r.Bytes == 0 {
			t.Errorf("%+v: depth first %+v, breadth first %+v", o, r, broad)
		}
		for i, f := range r.Findings {
			if f.Verdict != broad.Findings[i].Verdict {
				t.Errorf("%s: %s, breadth first %s", f.Property.Name, f.Verdict, broad.Findings[i].Verdict)
			}
			checkPath(t, m, f.Path)
		}
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, test := range []struct {
		ctx     context.Context
		options Options
		bound   Bound
	}{
		{context.Background(), Options{StatesMax: 100}, StatesBound},
		{context.Background(), Options{DepthMax: 5}, DepthBound},
		{context.Background(), Options{MemoryMax: 1}, MemoryBound},
		{context.Background(), Options{Stop: true}, Stopped},
		{ended, Options{}, Interrupted},
	} {
		r, err := RunDepthFirst(test.ctx, m, test.options)
		if err != nil || r.Bound != test.bound || r.Depth > 5 && test.bound == DepthBound {
			t.Errorf("%+v: %v, bound %q, depth %d", test.options, err, r.Bound, r.Depth)
		}
	}
}

func TestOrigins(t *testing.T) {
	last := int(min(uint64(1<<numberBits-2), math.MaxInt)) // an int may have 32 bits
	for _, p := range []place{{0, 0}, {1, 1}, {groupCount - 1, 5}, {3, last}} {
		for _, turn := range []uint32{0, 1, turnMax} {
			found, at, inner := parent(p.origin(turn))
			if !inner || found != p || at != int(turn) {
				t.Errorf("%v, turn %d is read as %v, %d, %t", p, turn, found, at, inner)
			}
		}
	}
	if _, turn, inner := parent(noOrigin | 3); inner || turn != 3 {
		t.Errorf("an initial state has turn %d, inner %t", turn, inner)
	}
}

func TestMemo(t *testing.T) {
	var m Memo
	if _, ok := m.Get(0, 0); ok {
		t.Error("an empty memo knows something")
	}
	const n = 3000
	for i := range uint32(n) {
		m.Put(i, i/2, 7*i)
		m.Put(i, i/2, 7*i)
	}
	for i := range uint32(n) {
		if got, ok := m.Get(i, i/2); !ok || got != 7*i {
			t.Fatalf("%d is remembered as %d, %t", i, got, ok)
		}
		if _, ok := m.Get(i, i/2+1); ok {
			t.Fatalf("%d is remembered for what it was not", i)
		}
	}
}
