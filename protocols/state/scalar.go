package state

import (
	"fmt"
	"reflect"
	"strconv"
	"unicode/utf8"
)

// boolShape is a boolean of any name.
type boolShape struct{}

func (boolShape) flat() bool                       { return true }
func (boolShape) fixed(reflect.Value) bool         { return true }
func (boolShape) deepen(_, _ reflect.Value, _ int) {}
func (boolShape) sizeMin() int                     { return 1 }
func (boolShape) empty(v reflect.Value) bool       { return !v.Bool() }

func (boolShape) appendCBOR(dst []byte, v reflect.Value, _ int) []byte {
	if v.Bool() {
		return append(dst, cborTrue)
	}
	return append(dst, cborFalse)
}

func (boolShape) decodeCBOR(d *decoder, v reflect.Value, _ int) error {
	b, err := d.next()
	if err != nil {
		return err
	}
	if b != cborTrue && b != cborFalse {
		return fmt.Errorf("want a boolean, found 0x%02x", b)
	}
	v.SetBool(b == cborTrue)
	return nil
}

func (boolShape) appendJSON(dst []byte, v reflect.Value, _ int) []byte {
	return strconv.AppendBool(dst, v.Bool())
}

// intShape is a signed integer of any size and name.
type intShape struct{ stringer bool }

func (intShape) flat() bool                       { return true }
func (intShape) fixed(reflect.Value) bool         { return true }
func (intShape) deepen(_, _ reflect.Value, _ int) {}
func (intShape) sizeMin() int                     { return 1 }
func (intShape) empty(v reflect.Value) bool       { return v.Int() == 0 }

func (intShape) appendCBOR(dst []byte, v reflect.Value, _ int) []byte {
	if i := v.Int(); i < 0 {
		return appendHead(dst, majorNegative, uint64(^i))
	}
	return appendHead(dst, majorUnsigned, uint64(v.Int()))
}

func (intShape) decodeCBOR(d *decoder, v reflect.Value, _ int) error {
	major, n, err := d.head()
	if err != nil {
		return err
	}
	i := int64(n)
	switch {
	case major != majorUnsigned && major != majorNegative:
		return fmt.Errorf("want an integer for %s, found major type %d", v.Type(), major)
	case i < 0:
		return fmt.Errorf("integer overflows %s", v.Type())
	case major == majorNegative:
		i = ^i
	}
	if v.OverflowInt(i) {
		return fmt.Errorf("integer overflows %s", v.Type())
	}
	v.SetInt(i)
	return nil
}

func (s intShape) appendJSON(dst []byte, v reflect.Value, _ int) []byte {
	if s.stringer {
		return appendQuoted(dst, stringOf(v))
	}
	return strconv.AppendInt(dst, v.Int(), 10)
}

// uintShape is an unsigned integer of any size and name.
type uintShape struct{ stringer bool }

func (uintShape) flat() bool                       { return true }
func (uintShape) fixed(reflect.Value) bool         { return true }
func (uintShape) deepen(_, _ reflect.Value, _ int) {}
func (uintShape) sizeMin() int                     { return 1 }
func (uintShape) empty(v reflect.Value) bool       { return v.Uint() == 0 }

func (uintShape) appendCBOR(dst []byte, v reflect.Value, _ int) []byte {
	return appendHead(dst, majorUnsigned, v.Uint())
}

func (uintShape) decodeCBOR(d *decoder, v reflect.Value, _ int) error {
	n, err := d.headOf(majorUnsigned)
	if err != nil {
		return err
	}
	if v.OverflowUint(n) {
		return fmt.Errorf("integer overflows %s", v.Type())
	}
	v.SetUint(n)
	return nil
}

func (s uintShape) appendJSON(dst []byte, v reflect.Value, _ int) []byte {
	if s.stringer {
		return appendQuoted(dst, stringOf(v))
	}
	return strconv.AppendUint(dst, v.Uint(), 10)
}

// stringShape is a string of any name. CBOR text must be UTF-8, so any other
// string is a byte string.
type stringShape struct{ stringer bool }

func (stringShape) flat() bool                       { return true }
func (stringShape) fixed(reflect.Value) bool         { return true }
func (stringShape) deepen(_, _ reflect.Value, _ int) {}
func (stringShape) sizeMin() int                     { return 1 }
func (stringShape) empty(v reflect.Value) bool       { return v.Len() == 0 }

func (stringShape) appendCBOR(dst []byte, v reflect.Value, _ int) []byte {
	text := v.String()
	major := majorText
	if !utf8.ValidString(text) {
		major = majorBytes
	}
	return append(appendHead(dst, major, uint64(len(text))), text...)
}

func (stringShape) decodeCBOR(d *decoder, v reflect.Value, _ int) error {
	major, n, err := d.head()
	if err != nil {
		return err
	}
	if major != majorText && major != majorBytes {
		return fmt.Errorf("want a string for %s, found major type %d", v.Type(), major)
	}
	raw, err := d.raw(n)
	if err != nil {
		return err
	}
	if utf8.Valid(raw) != (major == majorText) {
		return fmt.Errorf("string of major type %d for %s: text is for UTF-8, bytes for the rest",
			major, v.Type())
	}
	v.SetString(string(raw))
	return nil
}

func (s stringShape) appendJSON(dst []byte, v reflect.Value, _ int) []byte {
	if s.stringer {
		return appendQuoted(dst, stringOf(v))
	}
	return appendQuoted(dst, v.String())
}

// stringOf calls the String method of a scalar. Where v is a part of a slice
// or of a struct behind a pointer, its address goes into the interface: the
// value would be copied to the heap.
func stringOf(v reflect.Value) string {
	if v.CanAddr() {
		v = v.Addr()
	}
	return v.Interface().(stringer).String()
}
