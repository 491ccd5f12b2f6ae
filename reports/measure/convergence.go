package measure

import (
	"cmp"
	"maps"
	"slices"

	"quorumlab/checker/linear"
)

// Level is how far apart copies are, from an instant on.
type Level struct {
	At int64
	// Extra is the number of different values that the copies of a key have,
	// less one, of the key of which it is greatest. 0: all copies agree.
	Extra int
}

// Divergence returns how far apart the copies of some keys are, at each instant
// at which that changes. keepers names those who keep each key; who is down does
// not count, and who runs and lacks a value that others have is apart from them.
func Divergence(holdings []Holding, keepers map[string][]string, counts func(key string) bool) []Level {
	d := divergence{keepers: keepers, held: map[string]map[string]linear.Value{}, extra: map[string]int{}, up: map[string]bool{}}
	var levels []Level
	for i, h := range holdings {
		d.take(h, counts)
		if i+1 < len(holdings) && holdings[i+1].At == h.At {
			continue
		}
		if n := d.greatest(); len(levels) == 0 && n > 0 || len(levels) > 0 && levels[len(levels)-1].Extra != n {
			levels = append(levels, Level{h.At, n})
		}
	}
	return levels
}

type divergence struct {
	keepers map[string][]string
	held    map[string]map[string]linear.Value // by key and node
	extra   map[string]int
	up      map[string]bool
}

// take takes up that a node holds something.
func (d *divergence) take(h Holding, counts func(key string) bool) {
	changed := []string{h.Key}
	if was := d.up[h.Node]; h.Down || !was {
		d.up[h.Node] = !h.Down
		changed = slices.Sorted(maps.Keys(d.held))
		for _, key := range changed {
			if h.Down {
				delete(d.held[key], h.Node)
			}
		}
	}
	if !h.Down && counts(h.Key) {
		if d.held[h.Key] == nil {
			d.held[h.Key] = map[string]linear.Value{}
		}
		d.held[h.Key][h.Node] = h.Value
		changed = append(changed, h.Key)
	}
	for _, key := range changed {
		if counts(key) {
			d.extra[key] = d.apart(key)
		}
	}
}

// apart counts the values of a key, less one.
func (d *divergence) apart(key string) int {
	var values []linear.Value
	for _, node := range d.keepers[key] {
		if v := d.held[key][node]; d.up[node] && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	return max(0, len(values)-1)
}

func (d *divergence) greatest() int {
	most := 0
	for _, key := range slices.Sorted(maps.Keys(d.extra)) {
		most = max(most, d.extra[key])
	}
	return most
}

// Convergence returns how long after an instant the copies still differed, 0 if
// they did not; ok is false if they differ at the end.
func Convergence(levels []Level, healed int64) (after int64, ok bool) {
	ok = true
	for i, l := range levels {
		if l.Extra > 0 {
			ok = i+1 < len(levels)
			continue
		}
		after = max(after, l.At-healed)
	}
	return max(0, after), ok
}

// Most returns the greatest divergence in a window.
func Most(levels []Level, during Window) int {
	most := 0
	for i, l := range levels {
		ends := during.To
		if i+1 < len(levels) {
			ends = levels[i+1].At - 1
		}
		if l.At <= during.To && ends >= during.From {
			most = max(most, l.Extra)
		}
	}
	return most
}

// Quiet returns the keys to which nothing wrote from an instant on: those of
// which one may ask when their copies are equal.
func Quiet(history linear.History, from int64) map[string]bool {
	quiet := map[string]bool{}
	for i := range history {
		op := &history[i]
		if op.Kind == linear.Write && op.Outcome != linear.Fail {
			if _, seen := quiet[op.Key]; !seen {
				quiet[op.Key] = true
			}
		}
	}
	for i := range history {
		op := &history[i]
		if op.Kind != linear.Read && op.Outcome != linear.Fail && op.Invoke >= from {
			quiet[op.Key] = false
			if op.Kind == linear.Transfer {
				quiet[op.To] = false
			}
		}
	}
	return quiet
}

// LostReads returns the IDs of acknowledged writes that were never overwritten
// and that the last read of their key, begun after all writes of it were over,
// does not show: what clients can know of lost updates. of is the number of
// writes of which that read tells.
func LostReads(history linear.History) (lost []int, of int) {
	last := map[string]*linear.Operation{}
	for i := range history {
		op := &history[i]
		if l := last[op.Key]; op.Kind == linear.Read && op.Outcome == linear.OK && (l == nil || op.Invoke > l.Invoke) {
			last[op.Key] = op
		}
	}
	for i := range history {
		op := &history[i]
		read := last[op.Key]
		if op.Kind != linear.Write || op.Outcome != linear.OK || read == nil || read.Invoke <= op.Return {
			continue
		}
		alone := !slices.ContainsFunc(history, func(o linear.Operation) bool {
			changes := o.Kind != linear.Read && o.Outcome != linear.Fail && (o.Key == op.Key || o.To == op.Key)
			return changes && o.ID != op.ID && (o.Outcome == linear.Info || o.Return >= op.Invoke)
		})
		if !alone {
			continue
		}
		of++
		if !slices.Contains(valuesOf(read.Out), op.In) {
			lost = append(lost, op.ID)
		}
	}
	slices.Sort(lost)
	return lost, of
}

// Fates counts the transactions that nodes decided, and those of which one node
// committed and another aborted.
func Fates(decisions []Decision) (decided, mixed int) {
	type fate struct{ commit, abort bool }
	fates := map[uint64]fate{}
	for _, d := range decisions {
		f := fates[d.Transaction]
		was := f.commit && f.abort
		f.commit, f.abort = f.commit || d.Commit, f.abort || !d.Commit
		if f.commit && f.abort && !was {
			mixed++
		}
		fates[d.Transaction] = f
	}
	return len(fates), mixed
}

// Spread is a figure of several runs: the median and the quartiles of what the
// runs gave, one value each.
type Spread struct {
	Median float64 `json:"median"`
	Low    float64 `json:"q1"`
	High   float64 `json:"q3"`
	N      int     `json:"n"` // of runs
}

// SpreadOf sums up values; those that are not finite are left out. ok is false
// if none is left.
func SpreadOf(values []float64) (spread Spread, ok bool) {
	sorted := slices.DeleteFunc(slices.Clone(values), func(v float64) bool { return v-v != 0 }) // NaN, Inf
	if len(sorted) == 0 {
		return Spread{}, false
	}
	slices.SortFunc(sorted, cmp.Compare[float64])
	return Spread{quantile(sorted, 2), quantile(sorted, 1), quantile(sorted, 3), len(sorted)}, true
}

// quantile returns the quarters'th quartile, between two values if need be.
func quantile(sorted []float64, quarters int) float64 {
	at := (len(sorted) - 1) * quarters
	whole, part := at/4, at%4
	if part == 0 {
		return sorted[whole]
	}
	return sorted[whole] + (sorted[whole+1]-sorted[whole])*float64(part)/4
}
