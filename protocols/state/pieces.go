package state

import (
	"fmt"
	"reflect"
)

// Canonical bytes may be many: those of a snapshot of millions of keys. This file
// gives and takes them piece by piece, so that they are never in memory as a whole.
// One string or map still is, however long.

// AppendPieces gives the canonical bytes of v, which may be nil, to take, in pieces
// of size bytes, of which the last may be shorter. take must not keep a piece; its
// error ends the walk and is returned, as is what AppendCanonical would return.
func (c *Codec) AppendPieces(v any, size int, take func(piece []byte) error) (err error) {
	p := &pieces{size: size, take: take}
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(*fault)
			if !ok {
				panic(r)
			}
			err = f
		}
	}()
	return p.all(c, v)
}

// Pieces is AppendPieces of a Codec, for types that nobody has registered. It panics
// on what is not plain data.
func (e *Encoder) Pieces(v any, size int, take func(piece []byte) error) error {
	p := &pieces{size: size, take: take}
	return p.all(e.open(), v)
}

// pieces holds bytes until they make a piece.
type pieces struct {
	size   int
	buffer []byte
	take   func(piece []byte) error
	err    error // after it nothing more is taken
}

// all walks over a value from its top.
func (p *pieces) all(c *Codec, v any) error {
	if v == nil {
		p.buffer = append(p.buffer, cborNull)
	} else {
		value := reflect.ValueOf(v)
		p.concrete(c.of(value.Type()), value, 1)
	}
	p.cut()
	if len(p.buffer) > 0 && p.err == nil {
		p.err = p.take(p.buffer)
	}
	return p.err
}

// cut gives away what makes whole pieces.
func (p *pieces) cut() {
	rest := p.buffer
	for len(rest) >= p.size && p.err == nil {
		p.err = p.take(rest[:p.size])
		rest = rest[p.size:]
	}
	if p.err != nil {
		rest = nil
	}
	p.buffer = append(p.buffer[:0], rest...)
}

// add appends the bytes of what the walk does not go into.
func (p *pieces) add(s shape, v reflect.Value, depth int) {
	p.buffer = s.appendCBOR(p.buffer, v, depth)
	if len(p.buffer) >= p.size {
		p.cut()
	}
}

// head appends a head.
func (p *pieces) head(major byte, n uint64) {
	p.buffer = appendHead(p.buffer, major, n)
	if len(p.buffer) >= p.size {
		p.cut()
	}
}

// concrete does what appendCBOR of the entry does.
func (p *pieces) concrete(e *concrete, v reflect.Value, depth int) {
	if !e.isBare(v) {
		p.head(majorTag, e.tag)
	}
	p.walk(e.shape, v, depth)
}

// walk appends the bytes of a value. It goes into what has parts, and there does what
// appendCBOR does.
func (p *pieces) walk(s shape, v reflect.Value, depth int) {
	switch s := s.(type) {
	case *structShape:
		p.head(majorArray, uint64(len(s.fields)))
		for i := range s.fields {
			p.walk(s.fields[i].shape, v.Field(i), depth)
		}
	case *sliceShape:
		p.elements(s.elem, v, deeper(depth))
	case *arrayShape:
		p.elements(s.elem, v, depth)
	case *pointerShape:
		if v.IsNil() {
			p.add(s, v, depth)
			return
		}
		p.walk(s.shape, v.Elem(), depth)
	case *interfaceShape:
		if v.IsNil() {
			p.add(s, v, depth)
			return
		}
		v = v.Elem()
		p.concrete(s.codec.of(v.Type()), v, deeper(depth))
	default:
		p.add(s, v, depth)
	}
}

func (p *pieces) elements(elem shape, v reflect.Value, depth int) {
	n := v.Len()
	p.head(majorArray, uint64(n))
	for i := range n {
		if p.err != nil {
			return
		}
		p.walk(elem, v.Index(i), depth)
	}
}

// source is where a decoder's bytes come from piece by piece.
type source struct {
	next func() ([]byte, error)
	// left are still to come, dropped are no longer in the decoder's memory.
	left, dropped uint64
	// holds counts who remembers places in that memory: nothing is dropped then.
	holds  int
	failed error // of next
}

// DecodePieces returns the value whose canonical bytes, length of them in all, next
// gives piece by piece; it is asked for each when the walk comes to it, and may reuse
// the memory of the one before. An error of next is returned, others are as Decode's.
func (c *Codec) DecodePieces(length uint64, next func() ([]byte, error)) (any, error) {
	s := &source{next: next, left: length}
	d := decoder{codec: c, source: s}
	v, err := d.top()
	switch {
	case s.failed != nil:
		return nil, s.failed
	case err != nil:
		return nil, fmt.Errorf("state: byte %d of %d: %w", s.dropped+uint64(d.at), length, err)
	}
	return v, nil
}

// left returns how many bytes are still to come from the source.
func (d *decoder) left() uint64 {
	if d.source == nil {
		return 0
	}
	return d.source.left
}

// load has n bytes from the decoder's place on in its memory, if there are so many.
func (d *decoder) load(n int) bool {
	s := d.source
	for s != nil && len(d.bytes)-d.at < n && s.left > 0 && s.failed == nil {
		if s.holds == 0 {
			s.dropped += uint64(d.at)
			d.bytes = append(d.bytes[:0], d.bytes[d.at:]...)
			d.at = 0
		}
		piece, err := s.next()
		switch {
		case err != nil:
			s.failed = err
		case len(piece) == 0 || uint64(len(piece)) > s.left:
			s.failed = fmt.Errorf("state: a piece of %d bytes, where %d are left", len(piece), s.left)
		default:
			d.bytes = append(d.bytes, piece...)
			s.left -= uint64(len(piece))
		}
	}
	return len(d.bytes)-d.at >= n
}
