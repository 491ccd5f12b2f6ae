package state

import (
	"encoding/binary"
	"reflect"
)

// appendOrder appends bytes that sort as keys of one map type do for people:
// numbers by value, strings by bytes, false before true, structs and arrays by
// their first part that differs.
func appendOrder(dst []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			return append(dst, 1)
		}
		return append(dst, 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return binary.BigEndian.AppendUint64(dst, uint64(v.Int())^1<<63)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return binary.BigEndian.AppendUint64(dst, v.Uint())
	case reflect.String:
		// The end, 0 0, sorts before every continuation: 0 becomes 0 1.
		text := v.String()
		for i := range len(text) {
			dst = append(dst, text[i])
			if text[i] == 0 {
				dst = append(dst, 1)
			}
		}
		return append(dst, 0, 0)
	case reflect.Array:
		for i := range v.Len() {
			dst = appendOrder(dst, v.Index(i))
		}
		return dst
	case reflect.Struct:
		for i := range v.NumField() {
			dst = appendOrder(dst, v.Field(i))
		}
		return dst
	default:
		panic("state: a map key of kind " + v.Kind().String() + " passed checkKey")
	}
}

// appendKey appends a map key as a JSON string. The parts of structs and
// arrays are separated by commas, those of inner ones in parentheses: "3,7".
func appendKey(dst []byte, s shape, v reflect.Value) []byte {
	start := len(dst)
	dst = appendKeyText(dst, s, v, false)
	if isScalar(s) && dst[start] == '"' {
		return dst
	}
	text := string(dst[start:])
	return appendQuoted(dst[:start], text)
}

func isScalar(s shape) bool {
	switch s.(type) {
	case *structShape, *arrayShape:
		return false
	default:
		return true
	}
}

// appendKeyText appends a map key, or with inner set a part of one.
func appendKeyText(dst []byte, s shape, v reflect.Value, inner bool) []byte {
	if isScalar(s) {
		return s.appendJSON(dst, v, 1)
	}
	if inner {
		dst = append(dst, '(')
	}
	switch s := s.(type) {
	case *structShape:
		for i := range s.fields {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendKeyText(dst, s.fields[i].shape, v.Field(i), true)
		}
	case *arrayShape:
		for i := range s.length {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendKeyText(dst, s.elem, v.Index(i), true)
		}
	}
	if inner {
		dst = append(dst, ')')
	}
	return dst
}
