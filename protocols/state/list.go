package state

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"reflect"
)

// sliceShape returns the shape of a slice type.
func (c *Codec) sliceShape(t reflect.Type, path string) (shape, error) {
	list := &sliceShape{typ: t, none: reflect.MakeSlice(t, 0, 0)}
	if t.Elem().Kind() != reflect.Uint8 {
		c.keep(t, list) // before the element, which may contain this type
	}
	elem, err := c.shape(t.Elem(), path+"[]")
	if err != nil {
		return nil, err
	}
	list.elem = elem
	if t.Elem().Kind() == reflect.Uint8 {
		return c.keep(t, &bytesShape{list: list, plain: t.Elem() == byteType}), nil
	}
	return list, nil
}

// sliceShape is a slice of anything but bytes.
type sliceShape struct {
	typ  reflect.Type
	elem shape
	none reflect.Value // an empty slice that is not nil
}

func (s *sliceShape) flat() bool                 { return false }
func (s *sliceShape) fixed(v reflect.Value) bool { return v.IsNil() }
func (s *sliceShape) sizeMin() int               { return 1 }
func (s *sliceShape) empty(v reflect.Value) bool { return v.Len() == 0 }

func (s *sliceShape) deepen(dst, src reflect.Value, depth int) {
	if src.IsNil() {
		return
	}
	n := src.Len()
	if n == 0 {
		dst.Set(s.none) // src may have capacity, which must not be shared
		return
	}
	// Growing in place allocates the elements only, MakeSlice a slice
	// header too.
	dst.SetZero()
	dst.Grow(n)
	dst.SetLen(n)
	reflect.Copy(dst, src)
	if s.elem.flat() {
		return
	}
	depth = deeper(depth)
	for i := range n {
		s.elem.deepen(dst.Index(i), src.Index(i), depth)
	}
}

func (s *sliceShape) appendCBOR(dst []byte, v reflect.Value, depth int) []byte {
	return appendElementsCBOR(dst, s.elem, v, deeper(depth))
}

func (s *sliceShape) decodeCBOR(d *decoder, v reflect.Value, depth int) error {
	count, err := d.headOf(majorArray)
	if err != nil {
		return err
	}
	n, err := d.countOf(count, s.elem.sizeMin())
	if err != nil {
		return err
	}
	if depth, err = d.deeper(depth); err != nil || n == 0 {
		return err
	}
	v.Grow(n)
	v.SetLen(n)
	for i := range n {
		if err := s.elem.decodeCBOR(d, v.Index(i), depth); err != nil {
			return err
		}
	}
	return nil
}

func (s *sliceShape) appendJSON(dst []byte, v reflect.Value, depth int) []byte {
	return appendElementsJSON(dst, s.elem, v, deeper(depth))
}

func appendElementsCBOR(dst []byte, elem shape, v reflect.Value, depth int) []byte {
	n := v.Len()
	dst = appendHead(dst, majorArray, uint64(n))
	for i := range n {
		dst = elem.appendCBOR(dst, v.Index(i), depth)
	}
	return dst
}

func appendElementsJSON(dst []byte, elem shape, v reflect.Value, depth int) []byte {
	dst = append(dst, '[')
	for i := range v.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = elem.appendJSON(dst, v.Index(i), depth)
	}
	return append(dst, ']')
}

// bytesShape is a slice of bytes, or of a named type that is a byte.
type bytesShape struct {
	list *sliceShape
	// plain elements are of type byte itself and show as base64; named ones
	// show as a list, for they may be stringers.
	plain bool
}

var byteType = reflect.TypeFor[byte]()

func (s *bytesShape) flat() bool                 { return false }
func (s *bytesShape) fixed(v reflect.Value) bool { return v.IsNil() }
func (s *bytesShape) sizeMin() int               { return 1 }
func (s *bytesShape) empty(v reflect.Value) bool { return v.Len() == 0 }

func (s *bytesShape) deepen(dst, src reflect.Value, _ int) {
	if raw := src.Bytes(); raw != nil {
		dst.SetBytes(append(make([]byte, 0, len(raw)), raw...))
	}
}

func (s *bytesShape) appendCBOR(dst []byte, v reflect.Value, _ int) []byte {
	raw := v.Bytes()
	return append(appendHead(dst, majorBytes, uint64(len(raw))), raw...)
}

func (s *bytesShape) decodeCBOR(d *decoder, v reflect.Value, _ int) error {
	n, err := d.headOf(majorBytes)
	if err != nil || n == 0 {
		return err
	}
	raw, err := d.raw(n)
	if err != nil {
		return err
	}
	v.SetBytes(bytes.Clone(raw))
	return nil
}

func (s *bytesShape) appendJSON(dst []byte, v reflect.Value, depth int) []byte {
	if !s.plain {
		return s.list.appendJSON(dst, v, depth)
	}
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, v.Bytes())
	return append(dst, '"')
}

// arrayShape returns the shape of an array type.
func (c *Codec) arrayShape(t reflect.Type, path string) (shape, error) {
	elem, err := c.shape(t.Elem(), path+"[]")
	if err != nil {
		return nil, err
	}
	return c.keep(t, &arrayShape{elem: elem, length: t.Len(), size: 1 + t.Len()*elem.sizeMin()}), nil
}

// arrayShape is an array; arrays of bytes are no exception.
type arrayShape struct {
	elem   shape
	length int
	size   int
}

func (s *arrayShape) flat() bool { return s.elem.flat() }
func (s *arrayShape) fixed(v reflect.Value) bool {
	for i := range v.Len() {
		if !s.elem.fixed(v.Index(i)) {
			return false
		}
	}
	return true
}

func (s *arrayShape) sizeMin() int { return s.size }

func (s *arrayShape) empty(v reflect.Value) bool {
	for i := range s.length {
		if !s.elem.empty(v.Index(i)) {
			return false
		}
	}
	return true
}

func (s *arrayShape) deepen(dst, src reflect.Value, depth int) {
	for i := range s.length {
		s.elem.deepen(dst.Index(i), src.Index(i), depth)
	}
}

func (s *arrayShape) appendCBOR(dst []byte, v reflect.Value, depth int) []byte {
	return appendElementsCBOR(dst, s.elem, v, depth)
}

func (s *arrayShape) decodeCBOR(d *decoder, v reflect.Value, depth int) error {
	n, err := d.headOf(majorArray)
	if err != nil {
		return err
	}
	if n != uint64(s.length) {
		return fmt.Errorf("want %d elements for %s, found %d", s.length, v.Type(), n)
	}
	for i := range s.length {
		if err := s.elem.decodeCBOR(d, v.Index(i), depth); err != nil {
			return err
		}
	}
	return nil
}

func (s *arrayShape) appendJSON(dst []byte, v reflect.Value, depth int) []byte {
	return appendElementsJSON(dst, s.elem, v, depth)
}
