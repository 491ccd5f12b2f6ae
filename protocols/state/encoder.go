package state

import "reflect"

// Encoder makes the canonical bytes of values whose types nobody has registered:
// of a snapshot of whatever state machine, say, for a digest. It learns types on
// sight, so that a codec, which knows its types, is faster for few values. The
// zero value is ready for use; it must not be used by goroutines at a time.
type Encoder struct{ codec *Codec }

// Append appends the canonical bytes of v, which may be nil. It panics on what
// is not plain data.
func (e *Encoder) Append(dst []byte, v any) []byte {
	if v == nil {
		return append(dst, cborNull)
	}
	value := reflect.ValueOf(v)
	return e.open().of(value.Type()).appendCBOR(dst, value, 1)
}

// open returns the codec that learns.
func (e *Encoder) open() *Codec {
	if e.codec == nil {
		e.codec = newCodec()
		e.codec.open = true
	}
	return e.codec
}
