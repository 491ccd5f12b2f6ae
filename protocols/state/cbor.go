package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
)

// The part of CBOR (RFC 8949) that plain data needs: heads of definite
// length, null and the booleans.
const (
	majorUnsigned byte = iota
	majorNegative      // -1 - n
	majorBytes
	majorText
	majorArray
	majorMap
	majorTag
	majorSimple
)

const (
	cborFalse byte = 0xf4
	cborTrue  byte = 0xf5
	cborNull  byte = 0xf6
)

// appendHead appends the head of a data item with its argument n in the
// shortest form.
func appendHead(dst []byte, major byte, n uint64) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(dst, major|byte(n))
	case n <= math.MaxUint8:
		return append(dst, major|24, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, major|25), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, major|26), uint32(n))
	default:
		return binary.BigEndian.AppendUint64(append(dst, major|27), n)
	}
}

// headSize returns the number of bytes that appendHead appends.
func headSize(n uint64) int {
	switch {
	case n < 24:
		return 1
	case n <= math.MaxUint8:
		return 2
	case n <= math.MaxUint16:
		return 3
	case n <= math.MaxUint32:
		return 5
	default:
		return 9
	}
}

// decoder reads canonical bytes. Its errors lack the offset, which is at.
type decoder struct {
	codec *Codec
	bytes []byte
	at    int
	// source is where the rest of the bytes comes from, nil if there is none.
	source *source
}

// next reads one byte.
func (d *decoder) next() (byte, error) {
	if d.at >= len(d.bytes) && !d.load(1) {
		return 0, io.ErrUnexpectedEOF
	}
	b := d.bytes[d.at]
	d.at++
	return b, nil
}

// null reads a null if there is one.
func (d *decoder) null() bool {
	if d.at >= len(d.bytes) && !d.load(1) || d.bytes[d.at] != cborNull {
		return false
	}
	d.at++
	return true
}

// raw reads n bytes, which stay the same until more are read.
func (d *decoder) raw(n uint64) ([]byte, error) {
	if there := uint64(len(d.bytes) - d.at); n > there && (n-there > d.left() || !d.load(int(n))) {
		return nil, io.ErrUnexpectedEOF
	}
	raw := d.bytes[d.at : d.at+int(n)]
	d.at += int(n)
	return raw, nil
}

// head reads the head of a data item other than null and booleans.
func (d *decoder) head() (major byte, n uint64, err error) {
	b, err := d.next()
	if err != nil {
		return 0, 0, err
	}
	major, n = b>>5, uint64(b&31)
	if major == majorSimple {
		return 0, 0, fmt.Errorf("found simple value or float 0x%02x out of place", b)
	}
	if n < 24 {
		return major, n, nil
	}
	if n > 27 {
		return 0, 0, fmt.Errorf("head 0x%02x is of indefinite length or reserved", b)
	}
	size := 1 << (n - 24)
	raw, err := d.raw(uint64(size))
	if err != nil {
		return 0, 0, err
	}
	n = 0
	for _, b := range raw {
		n = n<<8 | uint64(b)
	}
	if headSize(n) != 1+size {
		return 0, 0, fmt.Errorf("argument %d is not in its shortest form", n)
	}
	return major, n, nil
}

// headOf reads a head that must be of the given major type.
func (d *decoder) headOf(major byte) (uint64, error) {
	found, n, err := d.head()
	if err == nil && found != major {
		return 0, fmt.Errorf("want major type %d, found %d", major, found)
	}
	return n, err
}

// countOf checks that n elements of at least size bytes can follow.
func (d *decoder) countOf(n uint64, size int) (int, error) {
	if n > (uint64(len(d.bytes)-d.at)+d.left())/uint64(size) {
		return 0, fmt.Errorf("%d elements announced: %w", n, io.ErrUnexpectedEOF)
	}
	return int(n), nil
}

// deeper returns depth+1 or an error if that is too deep.
func (d *decoder) deeper(depth int) (int, error) {
	if depth >= depthMax {
		return 0, fmt.Errorf("nested more than %d deep", depthMax)
	}
	return depth + 1, nil
}

// top reads a value and the end.
func (d *decoder) top() (any, error) {
	v, err := d.concrete(anyType, 0)
	if err != nil {
		return nil, err
	}
	if d.at != len(d.bytes) || d.left() > 0 {
		return nil, errors.New("bytes follow the value")
	}
	return v, nil
}

var anyType = reflect.TypeFor[any]()

// concrete reads what stands behind an interface of type target.
func (d *decoder) concrete(target reflect.Type, depth int) (any, error) {
	if d.null() {
		return nil, nil
	}
	entry, tagged, err := d.entry()
	if err != nil {
		return nil, err
	}
	if target.NumMethod() > 0 && !entry.typ.Implements(target) {
		return nil, fmt.Errorf("%s is no %s", entry.name, target)
	}
	if depth, err = d.deeper(depth); err != nil {
		return nil, err
	}
	s := entry.take()
	defer entry.give(s)
	if err := entry.shape.decodeCBOR(d, s.value, depth); err != nil {
		return nil, err
	}
	if tagged == entry.isBare(s.value) {
		return nil, fmt.Errorf("%s with a tag where none belongs, or without", entry.name)
	}
	return s.value.Interface(), nil
}

// entry finds out which type stands behind an interface, from the tag, which
// it reads, or the head of what has none, which it leaves.
func (d *decoder) entry() (entry *concrete, tagged bool, err error) {
	if d.at >= len(d.bytes) && !d.load(1) {
		return nil, false, io.ErrUnexpectedEOF
	}
	first := d.bytes[d.at]
	switch {
	case first == cborTrue, first == cborFalse:
		return d.codec.concrete[boolType], false, nil
	case first>>5 == majorUnsigned, first>>5 == majorNegative:
		return d.codec.concrete[intType], false, nil
	case first>>5 == majorBytes:
		return d.codec.concrete[bytesType], false, nil
	case first>>5 == majorText:
		return d.codec.concrete[stringType], false, nil
	}
	tag, err := d.headOf(majorTag)
	if err != nil {
		return nil, false, err
	}
	if entry = d.codec.byTag[tag]; entry == nil {
		return nil, false, fmt.Errorf("tag %d belongs to no registered type", tag)
	}
	return entry, true, nil
}
