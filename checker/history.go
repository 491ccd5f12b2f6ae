package checker

import (
	"slices"

	"quorumlab/protocols"
)

// history is what was broadcast and what was delivered in a run: the
// transactions, and a tree of all sequences delivered. It is exact whatever
// nodes do, and cheap as long as they agree.
type history struct {
	transactions []transaction // number 0 is unused
	known        map[key]int32 // the first transaction of each key
	// requests numbers, from 1, the requests that transactions stand for.
	requests  map[requestKey]int32
	primaries []primary // number 0 is unused
	reigns    map[reign]int32
	latest    int32    // the primary that broadcast last
	termMax   uint64   // of all primaries
	branches  []branch // number 0 is the trunk
	// repeats holds the places of a transaction beside its first.
	repeats map[int32][]place
	nodes   []cursor
}

// key is what a transaction is called by. Should there be another of the same
// key (with another value) they are chained by transaction.twin.
type key struct{ term, slot uint64 }

type transaction struct {
	key
	value    any
	request  int32 // that it stands for, by its number in requests; 0: none
	primary  int32 // that broadcast it; 0: none has
	previous int32 // what the same primary broadcast before, 0: nothing
	twin     int32
	at       place // where it first stands in the tree; depth 0: nowhere
}

// reign is what a primary is called by.
type reign struct {
	node protocols.NodeID
	term uint64
}

// primary is a node in an epoch in which it broadcasts.
type primary struct {
	reign
	last int32 // that it broadcast
	// start is what it had delivered before its first broadcast; placed is
	// false if that is not known.
	start  place
	placed bool
}

// place is a node of the tree: the sequence of the first depth transactions on
// the way to the end of a branch. Depth 0 is the empty sequence. A place where
// a branch leaves another is called by the other.
type place struct{ branch, depth int32 }

// branch is the part of a sequence after the place where it parts from one
// that was there before.
type branch struct {
	from  place
	items []item
}

// item is a transaction at its place, and who delivered it there first.
type item struct {
	tx   int32
	node protocols.NodeID
	step uint64
}

// cursor is where a node is in the tree.
type cursor struct {
	at place
	// before is where it was when it stopped, if it has not moved since.
	before place
	// lost: it took over a state that nobody was seen to reach.
	lost bool
}

func newHistory() history {
	return history{
		transactions: make([]transaction, 1), known: map[key]int32{}, requests: map[requestKey]int32{},
		primaries: make([]primary, 1), reigns: map[reign]int32{},
		branches: make([]branch, 1), repeats: map[int32][]place{},
	}
}

// node returns the cursor of a node.
func (h *history) node(id protocols.NodeID) *cursor {
	for len(h.nodes) < int(id) {
		h.nodes = append(h.nodes, cursor{})
	}
	return &h.nodes[id-1]
}

// find returns the transaction that a note names, a new one if need be.
func (h *history) find(note *protocols.Note) int32 {
	k := key{note.Term, note.Slot}
	first, found := h.known[k]
	for tx := first; tx != 0; tx = h.transactions[tx].twin {
		if equal(h.transactions[tx].value, note.Value) {
			return tx
		}
	}
	tx := int32(len(h.transactions))
	h.transactions = append(h.transactions, transaction{key: k, value: note.Value, request: h.number(requestOf(note.Value))})
	if !found {
		h.known[k] = tx
	} else {
		h.transactions[tx].twin = h.transactions[first].twin
		h.transactions[first].twin = tx
	}
	return tx
}

// requestKey is a request as the key of a map: without a gap between its parts, so
// that it is hashed as a whole.
type requestKey [2]uint64

// request returns the number of a request, 0 if no transaction stands for it.
func (h *history) request(q request) int32 { return h.requests[requestKey{uint64(q.client), q.number}] }

// number returns the number of a request, a new one if need be; 0 for none.
func (h *history) number(q request) int32 {
	if q.client == 0 {
		return 0
	}
	k := requestKey{uint64(q.client), q.number}
	n, known := h.requests[k]
	if !known {
		n = int32(len(h.requests) + 1)
		h.requests[k] = n
	}
	return n
}

// broadcast records that a node broadcasts. It returns the transaction, and
// whether the note was its first.
func (h *history) broadcast(node protocols.NodeID, note *protocols.Note) (int32, bool) {
	tx := h.find(note)
	t := &h.transactions[tx]
	if t.primary != 0 {
		return tx, false
	}
	p := &h.primaries[h.latest]
	if own := (reign{node, note.Term}); h.latest == 0 || p.reign != own {
		p = h.crown(own)
	}
	t.primary, t.previous, p.last = h.latest, p.last, tx
	return tx, true
}

// crown finds or makes the primary of a reign.
func (h *history) crown(r reign) *primary {
	number, known := h.reigns[r]
	if !known {
		number = int32(len(h.primaries))
		at := h.node(r.node)
		h.primaries = append(h.primaries, primary{reign: r, start: at.at, placed: !at.lost})
		h.reigns[r] = number
		h.termMax = max(h.termMax, r.term)
	}
	h.latest = number
	return &h.primaries[number]
}

// next returns what stands in the place's own branch after the place.
func (h *history) next(p place) (item, bool) {
	b := &h.branches[p.branch]
	if i := int(p.depth - b.from.depth); i < len(b.items) {
		return b.items[i], true
	}
	return item{}, false
}

// item returns what stands at a depth, from 1, of the sequence up to p.
func (h *history) item(p place, depth int32) item {
	b := &h.branches[p.branch]
	for depth <= b.from.depth {
		b = &h.branches[b.from.branch]
	}
	return b.items[depth-b.from.depth-1]
}

// tip returns the end of a branch.
func (h *history) tip(number int) place {
	b := &h.branches[number]
	return place{int32(number), b.from.depth + int32(len(b.items))}
}

// above calls a place by the branch in which it lies.
func (h *history) above(branch, depth int32) place {
	for depth <= h.branches[branch].from.depth && branch != 0 {
		branch = h.branches[branch].from.branch
	}
	return place{branch, depth}
}

// onPath tells whether the sequence of p is a beginning of that of end.
func (h *history) onPath(p, end place) bool {
	for p.branch < end.branch {
		end = h.branches[end.branch].from
	}
	return p.branch == end.branch && p.depth <= end.depth
}

// fork returns how long the common beginning of two sequences is.
func (h *history) fork(a, b place) int32 {
	for a.branch != b.branch {
		if a.branch > b.branch {
			a = h.branches[a.branch].from
		} else {
			b = h.branches[b.branch].from
		}
	}
	return min(a.depth, b.depth)
}

// holds tells whether the sequence of a place has a transaction.
func (h *history) holds(end place, tx int32) bool {
	if at := h.transactions[tx].at; at.depth == 0 {
		return false
	} else if h.onPath(at, end) {
		return true
	}
	return slices.ContainsFunc(h.repeats[tx], func(p place) bool { return h.onPath(p, end) })
}

// missing returns the first that one sequence has and another has not.
func (h *history) missing(has, hasNot place) (item, bool) {
	for depth := h.fork(has, hasNot) + 1; depth <= has.depth; depth++ {
		if it := h.item(has, depth); !h.holds(hasNot, it.tx) {
			return it, true
		}
	}
	return item{}, false
}

// growth is a delivery that no node has made before at its place.
type growth struct {
	node     protocols.NodeID
	tx       int32
	from, at place
	// forked: another transaction was delivered after the same sequence.
	forked bool
}

// repeated tells whether the transaction stands elsewhere in the tree, too.
func (h *history) repeated(g growth) bool { return h.transactions[g.tx].at != g.at }

// extend moves a node on by one delivery, and reports whether the tree grew.
func (h *history) extend(node protocols.NodeID, step uint64, tx int32) (growth, bool) {
	n := h.node(node)
	g := growth{node: node, tx: tx, from: n.at}
	next, taken := h.next(n.at)
	if taken && next.tx == tx {
		n.at.depth++
		return g, false
	}
	g.forked = taken
	if taken {
		for i := range h.branches {
			if i > 0 && h.branches[i].from == n.at && h.branches[i].items[0].tx == tx {
				n.at = place{int32(i), n.at.depth + 1}
				return g, false
			}
		}
		h.branches = append(h.branches, branch{from: n.at})
		n.at.branch = int32(len(h.branches) - 1)
	}
	n.at.depth++
	g.at = n.at
	b := &h.branches[n.at.branch]
	b.items = append(b.items, item{tx: tx, node: node, step: step})
	if t := &h.transactions[tx]; t.at.depth == 0 {
		t.at = n.at
	} else {
		h.repeats[tx] = append(h.repeats[tx], n.at)
	}
	return g, true
}

// recover puts a node back to the beginning.
func (h *history) recover(node protocols.NodeID) {
	n := h.node(node)
	if n.at.depth > 0 {
		n.before = n.at
	}
	*n = cursor{before: n.before}
}

// restore puts a node where the state after a slot (of a term, if that is not 0)
// is: on its own path if that has the slot, else on any. It reports whether there
// is such a place.
func (h *history) restore(node protocols.NodeID, term, slot uint64) bool {
	n := h.node(node)
	own := n.at
	if own.depth == 0 {
		own = n.before
	}
	*n = cursor{before: own}
	if slot == 0 {
		return true
	}
	if p, ok := h.seek(h.end(own), term, slot); ok {
		n.at = p
		return true
	}
	for i := range h.branches {
		if p, ok := h.seek(h.tip(i), term, slot); ok {
			n.at = p
			return true
		}
	}
	n.lost = true
	return false
}

// end returns the tip of the branch in which a place is.
func (h *history) end(p place) place { return h.tip(int(p.branch)) }

// seek returns the last place of a slot on the way to end.
func (h *history) seek(end place, term, slot uint64) (place, bool) {
	for depth := end.depth; depth > 0; depth-- {
		p := h.above(end.branch, depth)
		if t := &h.transactions[h.item(p, p.depth).tx]; t.slot == slot && (term == 0 || t.term == term) {
			return p, true
		}
	}
	return place{}, false
}
