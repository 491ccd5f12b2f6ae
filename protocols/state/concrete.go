package state

import (
	"hash/fnv"
	"reflect"
	"sync"
	"unicode/utf8"
)

// concrete is what the codec knows of one type that may stand at the top of a
// value or behind an interface, where nothing else tells which type it is.
type concrete struct {
	typ   reflect.Type
	shape shape
	name  string
	tag   uint64
	// bare values carry neither tag nor type: CBOR's own kinds tell them
	// apart.
	bare bool
	// builtin values show in JSON without their type.
	builtin bool
	// fields is set for structs and pointers to structs that show their
	// fields beside "type".
	fields *structShape
	// label is the beginning of the JSON view: {"type":"zab.Proposal"
	label []byte
	// pool holds scratch values to build one in before an interface takes a
	// copy of it.
	pool sync.Pool
}

func newConcrete(t reflect.Type, s shape) *concrete {
	entry := &concrete{typ: t, shape: s, name: fullName(t)}
	entry.tag = tagOf(entry.name)
	entry.builtin = t.PkgPath() == "" && t.Name() != "" || t == bytesType
	switch t {
	case boolType, intType, stringType, bytesType:
		entry.bare = true
	}
	shown := t
	if p, ok := s.(*pointerShape); ok {
		shown, s = p.elem, p.shape
	}
	if fields, ok := s.(*structShape); ok && !fields.hasType {
		entry.fields = fields
	}
	entry.label = appendQuoted([]byte(`{"type":`), shown.String())
	entry.pool.New = func() any { return &scratch{reflect.New(t).Elem()} }
	return entry
}

var (
	boolType   = reflect.TypeFor[bool]()
	intType    = reflect.TypeFor[int]()
	stringType = reflect.TypeFor[string]()
	bytesType  = reflect.TypeFor[[]byte]()
)

// tagOf derives a tag number from a type's full name: 31 bits of FNV-1a in
// the upper half of the 32-bit numbers. It has the same length for every type
// and stays clear of the tags to which RFC 8949 gives a meaning.
func tagOf(name string) uint64 {
	hash := fnv.New32a()
	hash.Write([]byte(name))
	return uint64(hash.Sum32() | 1<<31)
}

// scratch holds a value that can be set. It is zero while in a pool.
type scratch struct{ value reflect.Value }

func (e *concrete) take() *scratch { return e.pool.Get().(*scratch) }

// give takes back what take returned, once its contents are copied elsewhere.
func (e *concrete) give(s *scratch) {
	s.value.SetZero()
	e.pool.Put(s)
}

// clone returns a deep copy of src, which is of the entry's type and is boxed
// in an interface.
func (e *concrete) clone(src reflect.Value, depth int) any {
	if p, ok := e.shape.(*pointerShape); ok {
		return p.clone(src, depth).Interface()
	}
	if e.shape.flat() || e.shape.fixed(src) {
		return src.Interface() // nothing can change what is in the box
	}
	s := e.take()
	s.value.Set(src)
	e.shape.deepen(s.value, src, depth)
	clone := s.value.Interface()
	e.give(s)
	return clone
}

// isBare reports whether the value is encoded without a tag. A string that is
// not UTF-8 would pass for a []byte.
func (e *concrete) isBare(v reflect.Value) bool {
	return e.bare && (e.typ != stringType || utf8.ValidString(v.String()))
}

func (e *concrete) appendCBOR(dst []byte, v reflect.Value, depth int) []byte {
	if !e.isBare(v) {
		dst = appendHead(dst, majorTag, e.tag)
	}
	return e.shape.appendCBOR(dst, v, depth)
}

func (e *concrete) appendJSON(dst []byte, v reflect.Value, depth int) []byte {
	if e.builtin {
		return e.shape.appendJSON(dst, v, depth)
	}
	dst = append(dst, e.label...)
	if e.fields != nil {
		if v.Kind() == reflect.Pointer && !v.IsNil() {
			v = v.Elem()
		}
		if v.Kind() == reflect.Struct {
			dst = e.fields.appendFields(dst, v, depth, false)
			return append(dst, '}')
		}
	}
	dst = append(dst, `,"value":`...)
	dst = e.shape.appendJSON(dst, v, depth)
	return append(dst, '}')
}

// pointerShape is a pointer to a struct. It is never a part of another shape.
type pointerShape struct {
	elem  reflect.Type
	shape shape
}

func (s *pointerShape) flat() bool { return false }

func (s *pointerShape) fixed(v reflect.Value) bool { return v.IsNil() }

func (s *pointerShape) deepen(dst, src reflect.Value, depth int) {
	dst.Set(s.clone(src, depth))
}

func (s *pointerShape) clone(src reflect.Value, depth int) reflect.Value {
	if src.IsNil() {
		return src
	}
	clone := reflect.New(s.elem)
	clone.Elem().Set(src.Elem())
	if !s.shape.flat() {
		s.shape.deepen(clone.Elem(), src.Elem(), depth)
	}
	return clone
}

func (s *pointerShape) appendCBOR(dst []byte, v reflect.Value, depth int) []byte {
	if v.IsNil() {
		return append(dst, cborNull)
	}
	return s.shape.appendCBOR(dst, v.Elem(), depth)
}

func (s *pointerShape) decodeCBOR(d *decoder, v reflect.Value, depth int) error {
	if d.null() {
		return nil
	}
	v.Set(reflect.New(s.elem))
	return s.shape.decodeCBOR(d, v.Elem(), depth)
}

func (s *pointerShape) sizeMin() int { return 1 }

func (s *pointerShape) appendJSON(dst []byte, v reflect.Value, depth int) []byte {
	if v.IsNil() {
		return append(dst, "null"...)
	}
	return s.shape.appendJSON(dst, v.Elem(), depth)
}

func (s *pointerShape) empty(v reflect.Value) bool { return v.IsNil() }

// interfaceShape is a part that may hold any registered type that fits.
type interfaceShape struct {
	typ   reflect.Type
	codec *Codec
}

func (s *interfaceShape) flat() bool { return false }

func (s *interfaceShape) fixed(v reflect.Value) bool {
	if v.IsNil() {
		return true
	}
	v = v.Elem()
	entry := s.codec.of(v.Type())
	return entry.shape.flat() || entry.shape.fixed(v)
}

func (s *interfaceShape) deepen(dst, src reflect.Value, depth int) {
	if src.IsNil() {
		return
	}
	src = src.Elem()
	entry := s.codec.of(src.Type())
	if entry.shape.flat() || entry.shape.fixed(src) {
		return // nothing can change what is in the box
	}
	dst.Set(reflect.ValueOf(entry.clone(src, deeper(depth))))
}

func (s *interfaceShape) appendCBOR(dst []byte, v reflect.Value, depth int) []byte {
	if v.IsNil() {
		return append(dst, cborNull)
	}
	v = v.Elem()
	return s.codec.of(v.Type()).appendCBOR(dst, v, deeper(depth))
}

func (s *interfaceShape) decodeCBOR(d *decoder, v reflect.Value, depth int) error {
	held, err := d.concrete(s.typ, depth)
	if err == nil && held != nil {
		v.Set(reflect.ValueOf(held))
	}
	return err
}

func (s *interfaceShape) sizeMin() int { return 1 }

func (s *interfaceShape) appendJSON(dst []byte, v reflect.Value, depth int) []byte {
	if v.IsNil() {
		return append(dst, "null"...)
	}
	v = v.Elem()
	return s.codec.of(v.Type()).appendJSON(dst, v, deeper(depth))
}

func (s *interfaceShape) empty(v reflect.Value) bool { return v.IsNil() }
