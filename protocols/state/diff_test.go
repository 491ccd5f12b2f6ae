package state_test

import (
	"slices"
	"strings"
	"testing"

	"quorumlab/protocols/state"
)

func TestDiff(t *testing.T) {
	before := &node{
		Role:     1,
		Log:      []any{proposal{Zxid: 1}, put{Key: "k"}, 3},
		Sessions: map[string]map[int64]any{"a": {10: "x", 9: "y"}, "gone": {1: nil}},
		Slots:    map[slot][]uint64{{Term: 1}: {1, 2}},
		Pending:  put{Key: "k"},
		Digests:  [2]digest{[]byte("hi")},
		Roles:    []role{7},
		Machine:  &remove{Key: "m"},
		Alive:    true,
		Acks:     map[zxid]empty{},
	}
	after := &node{
		Role:     2,
		Log:      []any{proposal{Zxid: 2}, &remove{}},
		Sessions: map[string]map[int64]any{"a": {10: "z", 9: "y", 11: "new"}},
		Slots:    map[slot][]uint64{{Term: 1}: {1, 2, 3}},
		Votes:    map[uint16]vote{3: {ID: 4}},
		Digests:  [2]digest{[]byte("ho")},
		Roles:    []role{8},
		Machine:  &remove{Key: "n"},
		Level:    "high",
	}
	want := []string{
		`Role ~ "candidate" -> "leader"`,
		`Level ~ "level " -> "level high"`,
		`Alive ~ true -> false`,
		`Log[0].Zxid ~ 1 -> 2`,
		`Log[1] ~ {"type":"state_test.put","key":"k"} -> {"type":"state_test.remove"}`,
		`Log[2] - 3 -> `,
		`Votes[3] +  -> {"id":4}`,
		`Sessions["a"][10] ~ "x" -> "z"`,
		`Sessions["a"][11] +  -> "new"`,
		`Sessions["gone"] - {"1":null} -> `,
		`Slots["+1",("",""),(0,0),false][2] +  -> 3`,
		`Roles[0] ~ 7 -> 8`, // both show as "unknown"
		`Digests[0] ~ "aGk=" -> "aG8="`,
		`Pending - {"type":"state_test.put","key":"k"} -> `,
		`Machine.Key ~ "m" -> "n"`,
	}
	if got := lines(state.Diff(before, after)); !slices.Equal(got, want) {
		t.Errorf("differences:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestDiffOfWholeValues(t *testing.T) {
	for _, test := range []struct {
		before, after any
		want          string
	}{
		{nil, put{}, ` +  -> {"type":"state_test.put"}`},
		{put{}, nil, ` - {"type":"state_test.put"} -> `},
		{"a", "b", ` ~ "a" -> "b"`},
		{1, int64(1), ` ~ int(1) -> int64(1)`},
		{"\xfe", "\xff", ` ~ "\xfe" -> "\xff"`},
		{remove{}, &remove{}, ` ~ quorumlab/protocols/state_test.remove({}) -> ` +
			`*quorumlab/protocols/state_test.remove({})`},
		{(*remove)(nil), &remove{}, ` +  -> {}`},
	} {
		got := lines(state.Diff(test.before, test.after))
		if len(got) != 1 || got[0] != test.want {
			t.Errorf("Diff(%#v, %#v) = %q, want %q", test.before, test.after, got, test.want)
		}
	}
}

func lines(changes []state.Change) []string {
	var lines []string
	for _, c := range changes {
		lines = append(lines, c.Path+" "+c.Kind.String()+" "+c.Before+" -> "+c.After)
	}
	return lines
}

func TestDiffPanicsOnWhatIsNotPlainData(t *testing.T) {
	got := panicOf(func() { state.Diff(withFloat{}, nil) })
	if !strings.Contains(got, "withFloat.Load[]: float64: floating point") {
		t.Errorf("Diff panics with %q", got)
	}
}
