package state

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"
)

// structShape returns the shape of a struct type.
func (c *Codec) structShape(t reflect.Type, path string) (shape, error) {
	s := &structShape{typ: t, isFlat: true, size: headSize(uint64(t.NumField()))}
	names := map[string]string{}
	for i := range t.NumField() {
		f := t.Field(i)
		fieldPath := path + "." + f.Name
		if !f.IsExported() {
			return nil, fmt.Errorf("state: %s is not exported", fieldPath)
		}
		part, err := c.shape(f.Type, fieldPath)
		if err != nil {
			return nil, err
		}
		name := jsonName(f.Name)
		if other := names[name]; other != "" {
			return nil, fmt.Errorf("state: %s and %s.%s would both show as %q: rename one",
				fieldPath, path, other, name)
		}
		names[name] = f.Name
		s.hasType = s.hasType || name == "type"
		s.isFlat = s.isFlat && part.flat()
		s.size += part.sizeMin()
		s.fields = append(s.fields, field{
			shape: part,
			key:   append(appendQuoted([]byte{','}, name), ':'),
		})
		if !part.flat() {
			s.deep = append(s.deep, i)
		}
	}
	return c.keep(t, s), nil
}

// structShape is a struct; embedded structs are fields like any other.
type structShape struct {
	typ    reflect.Type
	fields []field
	deep   []int // the fields that are not flat
	isFlat bool
	size   int
	// hasType is set if a field shows as "type".
	hasType bool
}

type field struct {
	shape shape
	key   []byte // `,"zxid":`
}

func (s *structShape) flat() bool   { return s.isFlat }
func (s *structShape) sizeMin() int { return s.size }

func (s *structShape) empty(v reflect.Value) bool {
	for i := range s.fields {
		if !s.fields[i].shape.empty(v.Field(i)) {
			return false
		}
	}
	return true
}

func (s *structShape) fixed(v reflect.Value) bool {
	for _, i := range s.deep {
		if !s.fields[i].shape.fixed(v.Field(i)) {
			return false
		}
	}
	return true
}

func (s *structShape) deepen(dst, src reflect.Value, depth int) {
	for _, i := range s.deep {
		s.fields[i].shape.deepen(dst.Field(i), src.Field(i), depth)
	}
}

func (s *structShape) appendCBOR(dst []byte, v reflect.Value, depth int) []byte {
	dst = appendHead(dst, majorArray, uint64(len(s.fields)))
	for i := range s.fields {
		dst = s.fields[i].shape.appendCBOR(dst, v.Field(i), depth)
	}
	return dst
}

func (s *structShape) decodeCBOR(d *decoder, v reflect.Value, depth int) error {
	n, err := d.headOf(majorArray)
	if err != nil {
		return err
	}
	if n != uint64(len(s.fields)) {
		return fmt.Errorf("want %d fields for %s, found %d", len(s.fields), s.typ, n)
	}
	for i := range s.fields {
		if err := s.fields[i].shape.decodeCBOR(d, v.Field(i), depth); err != nil {
			return err
		}
	}
	return nil
}

func (s *structShape) appendJSON(dst []byte, v reflect.Value, depth int) []byte {
	dst = append(dst, '{')
	dst = s.appendFields(dst, v, depth, true)
	return append(dst, '}')
}

// appendFields appends the fields that are not empty; without a comma before
// the first one if nothing stands before it.
func (s *structShape) appendFields(dst []byte, v reflect.Value, depth int, first bool) []byte {
	for i := range s.fields {
		f := &s.fields[i]
		part := v.Field(i)
		if f.shape.empty(part) {
			continue
		}
		key := f.key
		if first {
			key, first = key[1:], false
		}
		dst = append(dst, key...)
		dst = f.shape.appendJSON(dst, part, depth)
	}
	return dst
}

// jsonName turns the name of a Go field into lower camel case: Zxid into
// zxid, ID into id, HTTPPort into httpPort.
func jsonName(name string) string {
	runes := []rune(name)
	for i, r := range runes {
		isLast := i+1 == len(runes)
		if !unicode.IsUpper(r) || i > 0 && !isLast && unicode.IsLower(runes[i+1]) {
			return strings.ToLower(string(runes[:i])) + string(runes[i:])
		}
	}
	return strings.ToLower(name)
}
