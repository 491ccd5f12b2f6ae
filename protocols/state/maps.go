package state

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"sync"
)

// mapShape returns the shape of a map type.
func (c *Codec) mapShape(t reflect.Type, path string) (shape, error) {
	if err := checkKey(t.Key(), path); err != nil {
		return nil, err
	}
	key, err := c.shape(t.Key(), path+"[key]")
	if err != nil {
		return nil, err
	}
	s := &mapShape{typ: t, key: key}
	s.pool.New = func() any {
		return &mapScratch{
			key:   reflect.New(t.Key()).Elem(),
			elem:  reflect.New(t.Elem()).Elem(),
			clone: reflect.New(t.Elem()).Elem(),
		}
	}
	c.keep(t, s) // before the element, which may contain this type
	s.elem, err = c.shape(t.Elem(), path+"[]")
	if err != nil {
		return nil, err
	}
	return s, nil
}

// checkKey refuses keys that are not made of booleans, integers and strings:
// floating point has a key (NaN) that equals no other, interfaces may hold it.
func checkKey(t reflect.Type, path string) error {
	switch t.Kind() {
	case reflect.Array:
		return checkKey(t.Elem(), path+"[key][]")
	case reflect.Struct:
		for i := range t.NumField() {
			if err := checkKey(t.Field(i).Type, path+"[key]."+t.Field(i).Name); err != nil {
				return err
			}
		}
	case reflect.Interface, reflect.Float32, reflect.Float64, reflect.Complex64,
		reflect.Complex128, reflect.Pointer, reflect.Chan:
		return fmt.Errorf("state: %s: %s cannot be, or be a part of, a map key", path, t)
	}
	return nil
}

// mapShape is a map. Walks copy keys and elements into pooled scratch values,
// because reflection would allocate for each.
type mapShape struct {
	typ       reflect.Type
	key, elem shape
	pool      sync.Pool
}

type mapScratch struct {
	key, elem, clone reflect.Value
	entries          []mapEntry
	bytes            []byte
}

// mapEntry is one entry of a map, encoded at [start:end] of some buffer. The
// bytes before body are what entries are sorted by.
type mapEntry struct{ start, body, end int }

func (s *mapShape) take() *mapScratch { return s.pool.Get().(*mapScratch) }

func (s *mapShape) give(scratch *mapScratch) {
	scratch.key.SetZero()
	scratch.elem.SetZero()
	scratch.clone.SetZero()
	s.pool.Put(scratch)
}

func (s *mapShape) flat() bool                 { return false }
func (s *mapShape) fixed(v reflect.Value) bool { return v.IsNil() }
func (s *mapShape) sizeMin() int               { return 1 }
func (s *mapShape) empty(v reflect.Value) bool { return v.Len() == 0 }

func (s *mapShape) deepen(dst, src reflect.Value, depth int) {
	if src.IsNil() {
		return
	}
	clone := reflect.MakeMapWithSize(s.typ, src.Len())
	dst.Set(clone)
	if src.Len() == 0 {
		return
	}
	depth = deeper(depth)
	scratch := s.take()
	for entries := src.MapRange(); entries.Next(); {
		scratch.key.SetIterKey(entries)
		scratch.elem.SetIterValue(entries)
		if s.elem.flat() {
			clone.SetMapIndex(scratch.key, scratch.elem)
			continue
		}
		scratch.clone.Set(scratch.elem)
		s.elem.deepen(scratch.clone, scratch.elem, depth)
		clone.SetMapIndex(scratch.key, scratch.clone)
	}
	s.give(scratch)
}

func (s *mapShape) appendCBOR(dst []byte, v reflect.Value, depth int) []byte {
	n := v.Len()
	dst = appendHead(dst, majorMap, uint64(n))
	if n == 0 {
		return dst
	}
	depth = deeper(depth)
	scratch := s.take()
	scratch.entries = scratch.entries[:0]
	start := len(dst)
	for entries := v.MapRange(); entries.Next(); {
		scratch.key.SetIterKey(entries)
		scratch.elem.SetIterValue(entries)
		entry := mapEntry{start: len(dst)}
		dst = s.key.appendCBOR(dst, scratch.key, depth)
		entry.body = len(dst)
		dst = s.elem.appendCBOR(dst, scratch.elem, depth)
		entry.end = len(dst)
		scratch.entries = append(scratch.entries, entry)
	}
	scratch.sort(dst)
	scratch.bytes = append(scratch.bytes[:0], dst[start:]...)
	dst = dst[:start]
	for _, e := range scratch.entries {
		dst = append(dst, scratch.bytes[e.start-start:e.end-start]...)
	}
	s.give(scratch)
	return dst
}

// sort sorts the entries, which are encoded in buffer, by their first part.
func (m *mapScratch) sort(buffer []byte) {
	slices.SortFunc(m.entries, func(a, b mapEntry) int {
		return bytes.Compare(buffer[a.start:a.body], buffer[b.start:b.body])
	})
}

func (s *mapShape) decodeCBOR(d *decoder, v reflect.Value, depth int) error {
	count, err := d.headOf(majorMap)
	if err != nil {
		return err
	}
	n, err := d.countOf(count, s.key.sizeMin()+s.elem.sizeMin())
	if err != nil {
		return err
	}
	decoded := reflect.MakeMapWithSize(s.typ, n)
	v.Set(decoded)
	if n == 0 {
		return nil
	}
	if depth, err = d.deeper(depth); err != nil {
		return err
	}
	scratch := s.take()
	defer s.give(scratch)
	if d.source != nil { // places in what was read are remembered here
		d.source.holds++
		defer func() { d.source.holds-- }()
	}
	var before []byte // the key before, encoded
	for range n {
		start := d.at
		scratch.key.SetZero()
		if err := s.key.decodeCBOR(d, scratch.key, depth); err != nil {
			return err
		}
		key := d.bytes[start:d.at]
		if bytes.Compare(before, key) >= 0 {
			return fmt.Errorf("keys of %s do not grow", s.typ)
		}
		before = key
		scratch.elem.SetZero()
		if err := s.elem.decodeCBOR(d, scratch.elem, depth); err != nil {
			return err
		}
		decoded.SetMapIndex(scratch.key, scratch.elem)
	}
	return nil
}

func (s *mapShape) appendJSON(dst []byte, v reflect.Value, depth int) []byte {
	dst = append(dst, '{')
	if v.Len() == 0 {
		return append(dst, '}')
	}
	depth = deeper(depth)
	scratch := s.take()
	scratch.entries = scratch.entries[:0]
	start := len(dst)
	for entries := v.MapRange(); entries.Next(); {
		scratch.key.SetIterKey(entries)
		scratch.elem.SetIterValue(entries)
		entry := mapEntry{start: len(dst)}
		dst = appendOrder(dst, scratch.key)
		entry.body = len(dst)
		dst = appendKey(dst, s.key, scratch.key)
		dst = append(dst, ':')
		dst = s.elem.appendJSON(dst, scratch.elem, depth)
		entry.end = len(dst)
		scratch.entries = append(scratch.entries, entry)
	}
	scratch.sort(dst)
	scratch.bytes = append(scratch.bytes[:0], dst[start:]...)
	dst = dst[:start]
	for i, e := range scratch.entries {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, scratch.bytes[e.body-start:e.end-start]...)
	}
	s.give(scratch)
	return append(dst, '}')
}
