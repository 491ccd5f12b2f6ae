package linear

import (
	"cmp"
	"math"
	"slices"
)

// narrowPasses bounds the passes of narrow; fewer are right too, only slower
// to search. Each pass carries a bound over one more link of a chain of CAS.
const narrowPasses = 8

// narrow shortens intervals where values tell the order.
//
// Writers: if w alone writes v,
// and the key does not start with v, then w comes before every operation that
// surely observes v. So it comes before all that begins after the first of
// those returned, and may be taken to have returned by then; and none of those
// comes before what had returned when w was invoked. If w is a CAS of unknown
// outcome it did swap.
//
// Blocks: w and the reads of v follow each other in any order, with no other
// write that takes effect between them. So of two values, all that has to do
// with one comes before all that has to do with the other, and if one operation
// surely comes before one of the other's, all do. (Gibbons and Korach, "Testing
// Shared Memories", 1997, decide registers by this alone.)
//
// An append may make any value, so where there is one nothing is known.
func narrow(ops History) {
	for i := range ops {
		if ops[i].Kind == Append {
			return
		}
	}
	n := newNarrowing(ops)
	for range narrowPasses {
		changed := false
		for i := range ops {
			w := n.writer(n.observed[i])
			if w < 0 || w == i || ops[i].Outcome != OK {
				continue
			}
			if narrowPair(&ops[w], &ops[i]) {
				changed = true
			}
		}
		if n.narrowBlocks() {
			changed = true
		}
		if !changed {
			return
		}
	}
}

// narrowing is the work of narrow. It numbers the values, which stay the same
// whatever is learned of the operations.
type narrowing struct {
	ops History
	// written and observed hold, by operation, the number of its value.
	written, observed []int
	// writers holds, by value, its writer if it has just one, else nobody.
	writers []int
	// blocks are listed by returnMin; places has, by value, the place of its
	// block there, else nowhere; of has, by operation, the value of its block.
	blocks     []block
	places, of []int
	byInvoke   []int
}

// firstValue is the number of the value that a key has at first, noValue that of
// none at all.
const (
	noValue    = -1
	firstValue = 0
	nobody     = -1
	nowhere    = -1
)

func newNarrowing(ops History) *narrowing {
	n := &narrowing{ops: ops, written: make([]int, len(ops)), observed: make([]int, len(ops)), of: make([]int, len(ops))}
	numbers := map[Value]int{{}: firstValue}
	number := func(v Value, is bool) int {
		if !is {
			return noValue
		}
		at, known := numbers[v]
		if !known {
			at = len(numbers)
			numbers[v] = at
		}
		return at
	}
	for i := range ops {
		n.written[i], n.observed[i] = number(ops[i].writes()), number(ops[i].observes())
	}
	n.writers, n.places = make([]int, len(numbers)), make([]int, len(numbers))
	n.soleWriters()
	return n
}

// soleWriters finds the writer of each value but the first, if it has just one.
func (n *narrowing) soleWriters() {
	for v := range n.writers {
		n.writers[v] = nobody
	}
	several := make([]bool, len(n.writers))
	several[firstValue] = true
	for i, v := range n.written {
		if v == noValue {
			continue
		}
		several[v] = several[v] || n.writers[v] != nobody
		n.writers[v] = i
	}
	for v := range n.writers {
		if several[v] {
			n.writers[v] = nobody
		}
	}
}

// writer returns the only writer of a value, below 0 if it has none.
func (n *narrowing) writer(value int) int {
	if value == noValue {
		return nobody
	}
	return n.writers[value]
}

// narrowPair uses that writer comes before observer, and reports whether that
// told anything new. Where the times say the contrary, the search will find it.
func narrowPair(writer, observer *Operation) bool {
	if writer.Invoke > observer.Return {
		return false
	}
	changed := writer.Outcome == Info || writer.Return > observer.Return || observer.Invoke < writer.Invoke
	if writer.Kind == CAS && writer.Outcome == Info {
		writer.Swapped = true
	}
	writer.Outcome = OK
	writer.Return = min(writer.Return, observer.Return)
	observer.Invoke = max(observer.Invoke, writer.Invoke)
	return changed
}

// block is what has to do with one value: its only writer and all reads of it.
type block struct {
	value        int
	returnMin    int64 // one member surely took effect by then
	invokeMax    int64 // one member surely did not take effect before
	after, until int64 // every member took effect between these
}

// listBlocks lists the blocks, by returnMin. The reads of the first value make
// one as well, if nobody writes that: it comes before all others.
func (n *narrowing) listBlocks() {
	n.blocks = n.blocks[:0]
	for v := range n.places {
		n.places[v] = nowhere
	}
	firstWritten := false
	for i := range n.ops {
		op := &n.ops[i]
		n.of[i] = noValue
		firstWritten = firstWritten || n.written[i] == firstValue
		if w := n.writer(n.written[i]); w == i && (op.Kind == Write || op.Outcome == OK) {
			n.add(i, n.written[i])
		}
		if v := n.observed[i]; op.Kind == Read && v != noValue && (v == firstValue || n.writers[v] != nobody) {
			n.add(i, v)
		}
	}
	if at := n.places[firstValue]; at != nowhere {
		if n.blocks[at].returnMin = math.MinInt64; firstWritten {
			n.blocks = slices.Delete(n.blocks, at, at+1)
			n.places[firstValue] = nowhere
		}
	}
	slices.SortStableFunc(n.blocks, func(a, b block) int { return cmp.Compare(a.returnMin, b.returnMin) })
	for at := range n.blocks {
		n.places[n.blocks[at].value] = at
	}
}

// add adds an operation to the block of a value. It is in no other: who writes a
// value does not read one.
func (n *narrowing) add(i, value int) {
	at := n.places[value]
	if at == nowhere {
		at = len(n.blocks)
		n.places[value] = at
		n.blocks = append(n.blocks, block{
			value: value, returnMin: math.MaxInt64, invokeMax: math.MinInt64, after: math.MinInt64, until: math.MaxInt64,
		})
	}
	n.of[i] = value
	b := &n.blocks[at]
	b.returnMin = min(b.returnMin, n.ops[i].Return)
	b.invokeMax = max(b.invokeMax, n.ops[i].Invoke)
}

// narrowBlocks narrows every block by those that surely come before and after
// it, and reports whether that told anything new. A block comes before another
// if its returnMin is less than the other's invokeMax.
func (n *narrowing) narrowBlocks() bool {
	n.listBlocks()
	n.byInvoke = n.byInvoke[:0]
	for i := range n.blocks {
		n.byInvoke = append(n.byInvoke, i)
	}
	slices.SortStableFunc(n.byInvoke, func(a, b int) int { return cmp.Compare(n.blocks[a].invokeMax, n.blocks[b].invokeMax) })
	boundAfter(n.blocks, n.byInvoke)
	boundUntil(n.blocks, n.byInvoke)
	changed := false
	for i, value := range n.of {
		if value == noValue || n.places[value] == nowhere {
			continue
		}
		b := &n.blocks[n.places[value]]
		if narrowTo(&n.ops[i], b.after, b.until) {
			changed = true
		}
	}
	return changed
}

// boundAfter sets after. Before a block are those with a smaller returnMin, a
// run from the left. Of them the latest invokeMax counts, or the second latest
// where the latest is its own.
func boundAfter(blocks []block, byInvoke []int) {
	first, second, next := -1, -1, 0
	for _, b := range byInvoke {
		for ; next < len(blocks) && blocks[next].returnMin < blocks[b].invokeMax; next++ {
			switch {
			case first < 0 || blocks[next].invokeMax > blocks[first].invokeMax:
				first, second = next, first
			case second < 0 || blocks[next].invokeMax > blocks[second].invokeMax:
				second = next
			}
		}
		if from := pick(first, second, b); from >= 0 {
			blocks[b].after = blocks[from].invokeMax
		}
	}
}

// boundUntil sets until. After a block are those with a larger invokeMax, a run
// from the right of byInvoke. Of them the earliest returnMin counts, which is
// the first in blocks.
func boundUntil(blocks []block, byInvoke []int) {
	first, second, next := -1, -1, len(byInvoke)-1
	for a := len(blocks) - 1; a >= 0; a-- {
		for ; next >= 0 && blocks[byInvoke[next]].invokeMax > blocks[a].returnMin; next-- {
			switch c := byInvoke[next]; {
			case first < 0 || c < first:
				first, second = c, first
			case second < 0 || c < second:
				second = c
			}
		}
		if to := pick(first, second, a); to >= 0 {
			blocks[a].until = blocks[to].returnMin
		}
	}
}

// pick returns the first of two that is not own, or -1.
func pick(first, second, own int) int {
	if first == own {
		return second
	}
	return first
}

// narrowTo cuts an interval, down to one of its ends if nothing would be left:
// then the history is violated, and the search finds that soon.
func narrowTo(op *Operation, after, until int64) bool {
	changed := false
	if after = min(after, op.Return); after > op.Invoke {
		op.Invoke, changed = after, true
	}
	if until = max(until, op.Invoke); until < op.Return {
		op.Return, changed = until, true
	}
	return changed
}
