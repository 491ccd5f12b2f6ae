package linear

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// dependencyKind tells why one transaction comes before another one.
type dependencyKind uint8

// The kinds: ww, the other appended right behind it; wr, the other read what it
// appended; rw, it read the list before the other appended to it; rt, it was over
// when the other began. They are bits, for sets of them.
const (
	ww dependencyKind = 1 << iota
	wr
	rw
	rt
)

// dependency is a link from a transaction to one that comes after it.
type dependency struct {
	from, to int
	kind     dependencyKind
	key      string
	text     string // the element that the later one appended, or read last
}

// links finds what comes before what.
func (l *lists) links() {
	for i := range l.txns {
		if l.txns[i].Outcome != OK {
			continue
		}
		for _, op := range l.txns[i].Ops {
			if op.Read {
				l.linkRead(i, op)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(l.order)) {
		list := l.order[key]
		for at := 1; at < len(list); at++ {
			l.link(dependency{kind: ww, key: key, text: list[at]}, l.by(key, list[at-1]), l.by(key, list[at]))
		}
		for _, next := range l.unseen[key] {
			if len(list) > 0 {
				l.link(dependency{kind: ww, key: key, text: next.text}, l.by(key, list[len(list)-1]), l.by(key, next.text))
			}
		}
	}
	for i := range l.out {
		slices.SortStableFunc(l.out[i], func(a, b dependency) int {
			return cmp.Or(cmp.Compare(a.to, b.to), cmp.Compare(a.kind, b.kind))
		})
		l.result.Links += len(l.out[i])
	}
	l.realTime()
}

// linkRead links a read to the writer of what it saw last, and of what came next.
func (l *lists) linkRead(i int, op ListOp) {
	order := l.order[op.Key]
	seen := len(op.List)
	if seen > len(order) || !slices.Equal(order[:seen], op.List) {
		return // told as incompatible
	}
	if seen > 0 {
		l.link(dependency{kind: wr, key: op.Key, text: op.List[seen-1]}, l.by(op.Key, op.List[seen-1]), i)
	}
	if seen < len(order) {
		l.link(dependency{kind: rw, key: op.Key, text: order[seen]}, i, l.by(op.Key, order[seen]))
		return
	}
	for _, next := range l.unseen[op.Key] {
		l.link(dependency{kind: rw, key: op.Key, text: next.text}, i, l.by(op.Key, next.text))
	}
}

// by returns who appended an element, -1 if nobody did, or who was aborted.
func (l *lists) by(key, text string) int {
	i, known := l.appender[element{key, text}]
	if !known || l.txns[i].Outcome == Fail {
		return -1
	}
	return i
}

func (l *lists) link(d dependency, from, to int) {
	if from < 0 || to < 0 || from == to {
		return
	}
	d.from, d.to = from, to
	l.out[from] = append(l.out[from], d)
}

// realTime links what was over to what then began, by way of a point for each
// end: n links instead of their square.
func (l *lists) realTime() {
	ends := make([]int, 0, len(l.txns))
	for i := range l.txns {
		if l.txns[i].Outcome == OK {
			ends = append(ends, i)
		}
	}
	slices.SortStableFunc(ends, func(a, b int) int { return cmp.Compare(l.txns[a].Return, l.txns[b].Return) })
	first := len(l.txns)
	l.out = append(l.out, make([][]dependency, len(ends))...)
	for at, i := range ends {
		l.out[i] = append(l.out[i], dependency{from: i, to: first + at, kind: rt})
		if at > 0 {
			l.out[first+at-1] = append(l.out[first+at-1], dependency{from: first + at - 1, to: first + at, kind: rt})
		}
	}
	for i := range l.txns {
		// Touching intervals are concurrent.
		over, _ := slices.BinarySearchFunc(ends, l.txns[i].Invoke, func(end int, invoke int64) int {
			return cmp.Compare(l.txns[end].Return, invoke)
		})
		if over > 0 && l.txns[i].Outcome != Fail {
			l.out[first+over-1] = append(l.out[first+over-1], dependency{from: first + over - 1, to: i, kind: rt})
		}
	}
}

// circleClass is a class of circles: such as begin with a link of one kind, and go
// on with links of certain kinds, at least so many of which are rw or rt.
type circleClass struct {
	anomaly      Anomaly
	first, other dependencyKind
	rwMin, rtMin int
}

// circles looks for a shortest circle of each class. Once one was found, and with it
// what the history is not, others are looked for within a bound, and such as take
// real time not at all.
func (l *lists) circles() {
	looks := math.MaxInt
	for _, class := range []circleClass{
		{anomaly: G0, first: ww, other: ww},
		{anomaly: G1c, first: wr, other: ww | wr},
		{anomaly: GSingle, first: rw, other: ww | wr},
		{anomaly: G2, first: rw, other: ww | wr | rw, rwMin: 1},
		{anomaly: RealTime, first: ww | wr | rw, other: ww | wr | rw | rt, rtMin: 1},
	} {
		if class.rtMin > 0 && looks == circlesMax {
			continue
		}
		if circle := l.circle(class, looks); circle != nil {
			l.findCircle(class.anomaly, circle)
			looks = circlesMax
		}
	}
}

// circle returns the shortest of the first circles of a class, nil if there is none
// or none was found in so many looks.
func (l *lists) circle(class circleClass, looks int) []dependency {
	g := graph{out: make([][]int, len(l.out))}
	for i := range l.out {
		for _, d := range l.out[i] {
			if d.kind&(class.first|class.other) != 0 {
				g.out[i] = append(g.out[i], d.to)
			}
		}
	}
	component := g.components()
	var best []dependency
	looked, found := 0, 0
	for i := range l.txns {
		for _, d := range l.out[i] {
			if d.kind&class.first == 0 || component[d.from] != component[d.to] {
				continue
			}
			if looked++; looked > looks || found == circlesMax {
				return best
			}
			way := l.way(class, d.to, d.from)
			if way == nil {
				continue
			}
			found++
			if best == nil || l.length(way)+1 < l.length(best) {
				best = append([]dependency{d}, way...)
			}
		}
	}
	return best
}

// length counts the transactions on a way.
func (l *lists) length(way []dependency) int {
	n := 0
	for _, d := range way {
		if d.to < len(l.txns) {
			n++
		}
	}
	return n
}

// waypoint is a point on a way, and what of the class the way has by then.
type waypoint struct{ at, rws, rts int }

// arrival is how a waypoint was reached.
type arrival struct {
	from waypoint
	by   dependency
}

// met tells whether the way to a waypoint meets a point.
func met(came map[waypoint]arrival, here, start waypoint, point int) bool {
	for here != start && here.at != point {
		here = came[here].from
	}
	return here.at == point
}

// way returns a shortest way by links of a class that meets no point twice. Where
// there are circles of a lesser class, too, it may miss one, and they are told; else
// the shortest of all ways meets none twice, for what it could leave out is itself
// a circle of the class.
func (l *lists) way(class circleClass, from, to int) []dependency {
	start := waypoint{at: from}
	came := map[waypoint]arrival{start: {}}
	for queue := []waypoint{start}; len(queue) > 0; queue = queue[1:] {
		here := queue[0]
		if here.at == to && here.rws == class.rwMin && here.rts == class.rtMin {
			var way []dependency
			for at := here; at != start; at = came[at].from {
				way = append(way, came[at].by)
			}
			slices.Reverse(way)
			return way
		}
		for _, d := range l.out[here.at] {
			if d.kind&class.other == 0 || met(came, here, start, d.to) {
				continue
			}
			next := waypoint{at: d.to, rws: here.rws, rts: here.rts}
			switch {
			case d.kind == rw:
				next.rws = min(next.rws+1, class.rwMin)
			case d.kind == rt:
				next.rts = min(next.rts+1, class.rtMin)
			}
			if _, been := came[next]; !been {
				came[next] = arrival{here, d}
				queue = append(queue, next)
			}
		}
	}
	return nil
}

// findCircle records a circle and says it in words.
func (l *lists) findCircle(anomaly Anomaly, circle []dependency) {
	var txns []int
	var words []string
	for at := 0; at < len(circle); at++ {
		d := circle[at]
		for d.to >= len(l.txns) { // by way of points in time
			at++
			d.to = circle[at].to
		}
		txns = append(txns, d.from)
		words = append(words, l.because(d))
	}
	l.find(anomaly, strings.Join(words, ", ")+", and so before itself", txns...)
}

// because says why one transaction comes before another one.
func (l *lists) because(d dependency) string {
	a, b, key := l.who(d.from), l.who(d.to), nameOfKey(d.key)
	switch d.kind {
	case ww:
		return fmt.Sprintf("%s comes before %s, which appended %q to %s behind it", a, b, d.text, key)
	case wr:
		return fmt.Sprintf("%s comes before %s, which read its %q of %s", a, b, d.text, key)
	case rw:
		return fmt.Sprintf("%s comes before %s, whose %q it did not see in %s", a, b, d.text, key)
	}
	return fmt.Sprintf("%s comes before %s, which began %s, when it was over", a, b, l.clock.at(l.txns[d.to].Invoke))
}
