package state_test

import (
	"bytes"
	"testing"

	"quorumlab/protocols/state"
)

// What an encoder learns on sight has the same bytes as what a codec was told.
func TestEncoderGivesCanonicalBytes(t *testing.T) {
	codec := newCodec(t)
	var encoder state.Encoder
	for _, value := range []any{nil, 7, "text", zxid(9), put{}, &remove{}, []byte("x")} {
		if got, want := encoder.Append([]byte("before"), value), codec.Canonical(value); !bytes.Equal(got, append([]byte("before"), want...)) {
			t.Errorf("%#v gives %x, want %x", value, got, want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a function was encoded")
		}
	}()
	encoder.Append(nil, func() {})
}
