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
	writers := soleWriters(ops)
	for range narrowPasses {
		changed := false
		for i := range ops {
			v, observes := ops[i].observes()
			w, sole := writers[v]
			if !observes || !sole || w == i || ops[i].Outcome != OK {
				continue
			}
			if narrowPair(&ops[w], &ops[i]) {
				changed = true
			}
		}
		if narrowBlocks(ops, writers) {
			changed = true
		}
		if !changed {
			return
		}
	}
}

// soleWriters maps each value but the first to its writer, if it has just one.
func soleWriters(ops History) map[Value]int {
	writers := make(map[Value]int)
	several := make(map[Value]struct{})
	for i := range ops {
		v, writes := ops[i].writes()
		if !writes {
			continue
		}
		if _, again := writers[v]; again || v == (Value{}) {
			several[v] = struct{}{}
		}
		writers[v] = i
	}
	for i := range ops {
		v, _ := ops[i].writes()
		if _, ok := several[v]; ok {
			delete(writers, v)
		}
	}
	return writers
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
	members      []int
	returnMin    int64 // one member surely took effect by then
	invokeMax    int64 // one member surely did not take effect before
	after, until int64 // every member took effect between these
}

// blocksOf lists the blocks, by returnMin. The reads of the first value make
// one as well, if nobody writes that: it comes before all others.
func blocksOf(ops History, writers map[Value]int) []block {
	index := make(map[Value]int)
	var blocks []block
	absentWritten := false
	add := func(i int, v Value) {
		at, ok := index[v]
		if !ok {
			at = len(blocks)
			index[v] = at
			blocks = append(blocks, block{
				returnMin: math.MaxInt64, invokeMax: math.MinInt64, after: math.MinInt64, until: math.MaxInt64,
			})
		}
		b := &blocks[at]
		b.members = append(b.members, i)
		b.returnMin = min(b.returnMin, ops[i].Return)
		b.invokeMax = max(b.invokeMax, ops[i].Invoke)
	}
	for i := range ops {
		written, writes := ops[i].writes()
		absentWritten = absentWritten || writes && written == Value{}
		if w, sole := writers[written]; sole && w == i && (ops[i].Kind == Write || ops[i].Outcome == OK) {
			add(i, written)
		}
		if _, sole := writers[ops[i].Out]; ops[i].Kind == Read && (sole || ops[i].Out == Value{}) {
			add(i, ops[i].Out)
		}
	}
	if at, read := index[Value{}]; read {
		if blocks[at].returnMin = math.MinInt64; absentWritten {
			blocks = slices.Delete(blocks, at, at+1)
		}
	}
	slices.SortStableFunc(blocks, func(a, b block) int { return cmp.Compare(a.returnMin, b.returnMin) })
	return blocks
}

// narrowBlocks narrows every block by those that surely come before and after
// it, and reports whether that told anything new. A block comes before another
// if its returnMin is less than the other's invokeMax.
func narrowBlocks(ops History, writers map[Value]int) bool {
	blocks := blocksOf(ops, writers)
	byInvoke := make([]int, len(blocks))
	for i := range blocks {
		byInvoke[i] = i
	}
	slices.SortStableFunc(byInvoke, func(a, b int) int { return cmp.Compare(blocks[a].invokeMax, blocks[b].invokeMax) })
	boundAfter(blocks, byInvoke)
	boundUntil(blocks, byInvoke)
	changed := false
	for i := range blocks {
		for _, m := range blocks[i].members {
			if narrowTo(&ops[m], blocks[i].after, blocks[i].until) {
				changed = true
			}
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
