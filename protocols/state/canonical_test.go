package state_test

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"

	"quorumlab/protocols/state"
	"quorumlab/protocols/state/statetest"
)

// The bytes are on disks: a change of this test is a change of the format. The
// tags were computed elsewhere, as 32-bit FNV-1a of the full name with the
// highest bit set.
func TestCanonicalBytes(t *testing.T) {
	codec := newCodec(t)
	for _, test := range []struct {
		v    any
		want string
	}{
		{nil, "f6"},
		{true, "f5"},
		{7, "07"},
		{-500, "3901f3"},
		{"zab", "63 7a6162"},
		{[]byte{1, 2}, "42 0102"},
		{int64(7), "da 83d22364 07"},
		{"\xff", "da 97c16538 41ff"},
		{role(2), "da 891f2622 02"},
		{put{Key: "k"}, "da 860a1257 82 616b 40"},
		{&remove{Key: "k"}, "da bb370a5e 81 616b"},
		{map[string]int8{"b": 1, "aa": -1, "a": 300 - 256}, "da e15af83d a3 6161182c 616201 626161 20"},
	} {
		want := strings.ReplaceAll(test.want, " ", "")
		if got := hex.EncodeToString(codec.Canonical(test.v)); got != want {
			t.Errorf("%#v: bytes %s, want %s", test.v, got, want)
		}
	}
}

// What another implementation of the format decodes from our bytes it encodes
// to the same bytes, in its own core deterministic mode.
func TestCanonicalBytesAreDeterministicCBOR(t *testing.T) {
	// Maps with struct or array keys decode to keys that Go cannot hash.
	zeros := []any{
		proposal{},
		put{},
		vote{},
		tree{},
		labelled{},
		role(0), digest(nil), []put(nil),
		map[string]int8(nil), map[int64]any(nil), (*remove)(nil), map[bool]uint32(nil),
	}
	codec, err := state.NewCodec(zeros...)
	if err != nil {
		t.Fatal(err)
	}
	types := make([]reflect.Type, len(zeros))
	for i, zero := range zeros {
		types[i] = reflect.TypeOf(zero)
	}
	encoder, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	decoder, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden,
		MaxNestedLevels: 256,
	}.DecMode()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		canonical := codec.Canonical(statetest.Draw(t, types...))
		var generic any
		if err := decoder.Unmarshal(canonical, &generic); err != nil {
			t.Fatalf("%v: %x", err, canonical)
		}
		again, err := encoder.Marshal(generic)
		if err != nil || !bytes.Equal(canonical, again) {
			t.Fatalf("the library encodes %x as %x (%v)", canonical, again, err)
		}
	})
}

func TestDecodeRefuses(t *testing.T) {
	codec := newCodec(t)
	tagOf := func(v any) string { return hex.EncodeToString(codec.Canonical(v)[:5]) }
	for _, test := range []struct{ name, bytes, want string }{
		{"nothing", "", "byte 0 of 0: unexpected EOF"},
		{"long integer", "1807", "shortest form"},
		{"overflow", "1bffffffffffffffff", "overflows int"},
		{"negative overflow", "3bffffffffffffffff", "overflows int"},
		{"small overflow", tagOf(int8(0)) + "1880", "overflows int8"},
		{"unsigned overflow", tagOf(uint8(0)) + "190100", "overflows uint8"},
		{"float", "f93c00", "out of place"},
		{"indefinite", "5f", "indefinite"},
		{"trailing", "0707", "byte 1 of 2: bytes follow"},
		{"text not UTF-8", "61ff", "text is for UTF-8"},
		{"tag on int", tagOf(int64(0)), "unexpected EOF"},
		{"unknown tag", "da8000000007", "no registered type"},
		{"UTF-8 with the tag of the rest", tagOf("\xff") + "4161", "text is for UTF-8"},
		{"tagged text", tagOf("\xff") + "6161", "tag where none belongs"},
		{"few fields", tagOf(put{}) + "81616b", "want 2 fields for state_test.put, found 1"},
		{"long list", tagOf([]put(nil)) + "9b00ffffffffffffff", "elements announced"},
		{"long bytes", "5bffffffffffffffff", "unexpected EOF"},
		{"array length", tagOf([2]bool{}) + "81f4", "want 2 elements"},
		{"not a boolean", tagOf([2]bool{}) + "82f407", "want a boolean"},
		{"equal keys", tagOf(map[string]int8{}) + "a2616101616102", "do not grow"},
		{"falling keys", tagOf(map[string]int8{}) + "a2616201616102", "do not grow"},
		{"wrong kind", tagOf(role(0)) + "6161", "want major type 0, found 3"},
	} {
		b, err := hex.DecodeString(test.bytes)
		if err != nil {
			t.Fatal(err)
		}
		v, err := codec.Decode(b)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: decoded %#v, %v; want an error with %q", test.name, v, err, test.want)
		}
	}
}

func TestDecodeRefusesTypeThatDoesNotFit(t *testing.T) {
	codec := newCodec(t)
	fits := codec.Canonical(&node{Pending: put{Key: "k"}})
	b := bytes.Replace(fits, codec.Canonical(put{})[:5], codec.Canonical(vote{})[:5], 1)
	const want = "state_test.vote is no state_test.command"
	if _, err := codec.Decode(b); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
}

// Bytes and values are refused from the same depth on, and long before the
// stack ends.
func TestDecodeBoundsDepthAsEncodingDoes(t *testing.T) {
	codec, err := state.NewCodec([]any(nil))
	if err != nil {
		t.Fatal(err)
	}
	empty := codec.Canonical([]any(nil)) // tag and 0x80, a list of none
	level := append(empty[:5:5], 0x81)   // tag and a list of one
	deepest := 0
	var v any = []any(nil)
	for depth := 1; depth < 1000; depth++ {
		v = []any{v}
		b := append(bytes.Repeat(level, depth), empty...)
		canonical, errEncode := codec.AppendCanonical(nil, v)
		_, errDecode := codec.Decode(b)
		if (errEncode == nil) != (errDecode == nil) {
			t.Fatalf("depth %d: encoding %v, decoding %v", depth, errEncode, errDecode)
		}
		if errEncode == nil {
			deepest = depth
			if !bytes.Equal(canonical, b) {
				t.Fatalf("depth %d: bytes %x, want %x", depth, canonical, b)
			}
		}
	}
	if deepest < 400 || deepest > 600 { // a level is a slice and an interface
		t.Errorf("deepest nesting accepted: %d", deepest)
	}
	if _, err := codec.Decode(bytes.Repeat(level, 1_000_000)); err == nil {
		t.Error("accepted a million levels")
	}
}

func TestDecodedValuesShareNothingWithTheInput(t *testing.T) {
	codec := newCodec(t)
	want := put{Key: "key", Value: []byte("value")}
	canonical := codec.Canonical(want)
	got, err := codec.Decode(canonical)
	if err != nil {
		t.Fatal(err)
	}
	clear(canonical)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("decoded value is %v after its input was overwritten", got)
	}
}

func TestDecodedMapsCanBeWritten(t *testing.T) {
	codec := newCodec(t)
	got, err := codec.Decode(codec.Canonical(&node{}))
	if err != nil {
		t.Fatal(err)
	}
	n := got.(*node)
	n.Timeout[time.Second] = true // panics if nil
	if n.Log != nil || n.Roles != nil {
		t.Errorf("empty slices are not nil: %#v", n)
	}
}

func FuzzDecode(f *testing.F) {
	codec := newCodec(f)
	for _, v := range []any{
		nil, "text", "\xff", 7, int64(-7), benchMessage(), benchNode(), &remove{},
		labelled{Inner: []byte{1}},
		map[string]int8{"a": 1, "bb": 2},
		&node{Slots: map[slot][]uint64{{Term: 1}: {1}, {Final: true}: nil}},
	} {
		f.Add(codec.Canonical(v))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := codec.Decode(b)
		if err != nil {
			return
		}
		if again := codec.Canonical(v); !bytes.Equal(b, again) {
			t.Errorf("accepted %x, which is %x in canonical form", b, again)
		}
		if err := cbor.Wellformed(b); err != nil {
			t.Errorf("accepted %x: %v", b, err)
		}
	})
}
