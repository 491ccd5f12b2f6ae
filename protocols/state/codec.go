package state

import (
	"fmt"
	"reflect"
)

// depthMax bounds how deeply slices, maps and interfaces may be nested in a
// value. State never comes near it; a cycle (a slice that holds itself behind
// an interface) and hostile bytes do.
const depthMax = 1000

// Codec knows the concrete types that may stand at the top of a value and
// behind its interfaces. It never changes once made and may be shared by
// goroutines.
type Codec struct {
	// shapes holds a shape for every type that is registered or reachable
	// from one that is.
	shapes   map[reflect.Type]shape
	concrete map[reflect.Type]*concrete
	byTag    map[uint64]*concrete
	// open lets types be added on sight. Diff and Encoder set it, on codecs
	// of their own.
	open bool
}

// NewCodec returns a codec for the types of the given zero values: values of
// plain data, and pointers to structs (the pointers may be nil). Booleans,
// integers, strings and []byte are known without being named. The error gives
// the path to what is not plain data, or the two types whose tags collide.
func NewCodec(types ...any) (*Codec, error) {
	c := newCodec()
	for i, zero := range types {
		if zero == nil {
			return nil, fmt.Errorf("state: type %d to register is nil", i+1)
		}
		if err := c.register(reflect.TypeOf(zero)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func newCodec() *Codec {
	c := &Codec{
		shapes:   map[reflect.Type]shape{},
		concrete: map[reflect.Type]*concrete{},
		byTag:    map[uint64]*concrete{},
	}
	for _, zero := range []any{
		false, "", []byte(nil), int(0), int8(0), int16(0), int32(0), int64(0),
		uint(0), uint8(0), uint16(0), uint32(0), uint64(0),
	} {
		if err := c.register(reflect.TypeOf(zero)); err != nil {
			panic(err) // two built-in names share a tag: they are constants
		}
	}
	return c
}

// register makes t known as a type that may stand behind an interface.
func (c *Codec) register(t reflect.Type) error {
	if c.concrete[t] != nil {
		return nil
	}
	s, err := c.compileConcrete(t)
	if err != nil {
		return err
	}
	entry := newConcrete(t, s)
	if other := c.byTag[entry.tag]; other != nil {
		return fmt.Errorf("state: types %s and %s have the same tag %d: rename one",
			other.name, entry.name, entry.tag)
	}
	c.concrete[t] = entry
	c.byTag[entry.tag] = entry
	return nil
}

// of returns what is known of a type found at the top or behind an interface.
// It panics if the type is not registered: the list of types is a part of the
// program.
func (c *Codec) of(t reflect.Type) *concrete {
	if entry := c.concrete[t]; entry != nil {
		return entry
	}
	if c.open {
		if err := c.register(t); err != nil {
			panic(&fault{err.Error()})
		}
		return c.concrete[t]
	}
	panic(&fault{fmt.Sprintf("state: type %s is not registered with the codec", fullName(t))})
}

// Clone returns a deep copy of v, which may be nil. The copy shares nothing
// mutable with v; what is nil in v is nil in the copy. It panics if v holds a
// type that is not registered.
func (c *Codec) Clone(v any) any {
	if v == nil {
		return nil
	}
	src := reflect.ValueOf(v)
	return c.of(src.Type()).clone(src, 1)
}

// Canonical returns the canonical bytes of v, which may be nil. It panics
// where AppendCanonical returns an error.
func (c *Codec) Canonical(v any) []byte {
	out, err := c.AppendCanonical(nil, v)
	if err != nil {
		panic(err)
	}
	return out
}

// AppendCanonical appends the canonical bytes of v, which may be nil. It
// returns an error, and dst, if v holds a type that is not registered or is
// nested too deeply.
func (c *Codec) AppendCanonical(dst []byte, v any) (out []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(*fault)
			if !ok {
				panic(r)
			}
			out, err = dst, f
		}
	}()
	if v == nil {
		return append(dst, cborNull), nil
	}
	value := reflect.ValueOf(v)
	return c.of(value.Type()).appendCBOR(dst, value, 1), nil
}

// Decode returns the value whose canonical bytes are b. Empty slices come
// back as nil and empty maps as empty, so that both can be written to. Bytes
// that Canonical would not have given are an error, which names their offset.
func (c *Codec) Decode(b []byte) (any, error) {
	d := decoder{codec: c, bytes: b}
	v, err := d.top()
	if err != nil {
		return nil, fmt.Errorf("state: byte %d of %d: %w", d.at, len(b), err)
	}
	return v, nil
}

// AppendJSON appends a compact JSON view of v for people and traces. The
// names of fields begin in lower case; fields that are zero or empty are left
// out; map keys are sorted. A struct at the top or in an interface shows its
// type first: {"type":"zab.Proposal","zxid":7}. Any other registered type, and
// a struct with a field Type, shows as {"type":"zab.Role","value":2}. Named
// integers and strings with a String method show as what it returns, but
// durations as nanoseconds. Byte slices are in base64.
//
// Unlike canonical bytes the view may be equal for values that differ: an int
// and an int64 look the same. It panics if v holds a type that is not
// registered.
func (c *Codec) AppendJSON(dst []byte, v any) []byte {
	if v == nil {
		return append(dst, "null"...)
	}
	value := reflect.ValueOf(v)
	return c.of(value.Type()).appendJSON(dst, value, 1)
}

// fault is what a walk panics with when a value is not what the codec was
// made for.
type fault struct{ text string }

// Error says what is wrong with the value.
func (f *fault) Error() string { return f.text }

// deeper returns depth+1, or panics if that is too deep.
func deeper(depth int) int {
	if depth >= depthMax {
		panic(&fault{fmt.Sprintf("state: nested more than %d deep, perhaps a cycle", depthMax)})
	}
	return depth + 1
}
