package explore

// origins remembers of every distinct state of a group from which state it
// came, and as which successor of it. It is never rewritten.
type origins struct {
	pieces [][]uint64
	count  int
}

// An origin is a parent's group, its number in that group, and the successor's
// turn. That bounds the number of states of a group and of successors of one.
const (
	originsPiece = 1 << 9
	originsFirst = 1 << 4 // of the first piece, to begin with: small models have small groups
	turnBits     = 24
	numberBits   = 64 - turnBits - groupBits
	turnMax      = 1<<turnBits - 1
	// noOrigin is that of an initial state; its turn says which.
	noOrigin = uint64(1<<(64-turnBits)-1) << turnBits
)

// place names a distinct state: the number'th of a group.
type place struct {
	group  int
	number int
}

func (p place) origin(turn uint32) uint64 {
	return uint64(p.group)<<(turnBits+numberBits) | uint64(p.number)<<turnBits | uint64(turn)
}

// parent takes an origin apart. ok is false for an initial state.
func parent(origin uint64) (p place, turn int, ok bool) {
	turn = int(origin & turnMax)
	if origin&noOrigin == noOrigin {
		return place{}, turn, false
	}
	return place{int(origin >> (turnBits + numberBits)), int(origin >> turnBits & (1<<numberBits - 1))}, turn, true
}

func (o *origins) add(origin uint64) {
	at := o.count % originsPiece
	if at == 0 && (o.count > 0 || len(o.pieces) == 0) {
		size := originsPiece
		if o.count == 0 {
			size = originsFirst
		}
		o.pieces = append(o.pieces, make([]uint64, 0, size))
	}
	last := &o.pieces[len(o.pieces)-1]
	*last = append(*last, origin)
	o.count++
}

func (o *origins) at(number int) uint64 { return *o.ref(number) }

func (o *origins) ref(number int) *uint64 {
	return &o.pieces[number/originsPiece][number%originsPiece]
}

// begin gives what is empty its first piece, and room to name more.
func (o *origins) begin(first []uint64, room [][]uint64) { o.pieces = append(room, first[:0]) }

// bytes returns the size; all pieces but the first and the last are full.
func (o *origins) bytes() uint64 {
	n := len(o.pieces)
	if n == 0 {
		return 0
	}
	sum := 8 * uint64(cap(o.pieces[0]))
	if n > 1 {
		sum += 8 * uint64((n-2)*originsPiece+cap(o.pieces[n-1]))
	}
	const header = 24 // a piece's
	return sum + uint64(n)*header
}
