package state_test

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"quorumlab/protocols/state"
)

func benchMessage() any {
	return proposal{
		Zxid: 0x300000007, From: 2, Session: 1 << 40, Attempt: 1, Deadline: 3 * time.Second,
		Command: put{Key: "account", Value: []byte("value")},
	}
}

func benchNode() *node {
	n := &node{
		Role:     2,
		Level:    "high",
		Votes:    map[uint16]vote{1: {ID: 1}, 2: {ID: 2}, 3: {ID: 3}},
		Sessions: map[string]map[int64]any{"a": {7: "result", 8: nil}, "b": {9: int64(9)}},
		Acks:     map[zxid]empty{1: {}, 2: {}},
		Digests:  [2]digest{[]byte("digest")},
		Machine:  labelled{Type: "kv", Inner: map[string]int8{"x": 1}},
	}
	for i := range 50 {
		n.Log = append(n.Log, proposal{Zxid: uint64(i), Command: &remove{Key: "key"}})
	}
	return n
}

func BenchmarkAppendJSONMessage(b *testing.B) {
	codec, message := newCodec(b), benchMessage()
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = codec.AppendJSON(dst[:0], message)
	}
}

func BenchmarkAppendJSONNode(b *testing.B) {
	codec, n := newCodec(b), benchNode()
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = codec.AppendJSON(dst[:0], n)
	}
}

func BenchmarkCanonicalMessage(b *testing.B) {
	codec, message := newCodec(b), benchMessage()
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = codec.AppendCanonical(dst[:0], message)
	}
}

func BenchmarkCanonicalNode(b *testing.B) {
	codec, n := newCodec(b), benchNode()
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = codec.AppendCanonical(dst[:0], n)
	}
}

// libraryMessage is the message as fxamacker/cbor would have it: as an array,
// because a map with names takes longer, and with tags for what stands behind
// interfaces.
type libraryMessage struct {
	_        struct{} `cbor:",toarray"`
	Zxid     uint64
	From     uint16
	Session  int64
	Attempt  uint8
	Deadline time.Duration
	Command  any
}

type libraryPut struct {
	_     struct{} `cbor:",toarray"`
	Key   string
	Value []byte
}

func library(b *testing.B) (cbor.TagSet, any) {
	tags := cbor.NewTagSet()
	options := cbor.TagOptions{EncTag: cbor.EncTagRequired, DecTag: cbor.DecTagRequired}
	for i, v := range []any{libraryMessage{}, libraryPut{}} {
		if err := tags.Add(options, reflect.TypeOf(v), 1<<31+uint64(i)); err != nil {
			b.Fatal(err)
		}
	}
	return tags, libraryMessage{
		Zxid: 0x300000007, From: 2, Session: 1 << 40, Attempt: 1, Deadline: 3 * time.Second,
		Command: libraryPut{Key: "account", Value: []byte("value")},
	}
}

func BenchmarkCanonicalMessageByLibrary(b *testing.B) {
	tags, message := library(b)
	mode, err := cbor.CoreDetEncOptions().UserBufferEncModeWithTags(tags)
	if err != nil {
		b.Fatal(err)
	}
	var buffer bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		buffer.Reset()
		if err := mode.MarshalToBuffer(message, &buffer); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeMessageByLibrary(b *testing.B) {
	tags, message := library(b)
	encoder, err := cbor.CoreDetEncOptions().EncModeWithTags(tags)
	if err != nil {
		b.Fatal(err)
	}
	decoder, err := cbor.DecOptions{}.DecModeWithTags(tags)
	if err != nil {
		b.Fatal(err)
	}
	encoded, err := encoder.Marshal(message)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		var decoded any
		if err := decoder.Unmarshal(encoded, &decoded); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeMessage(b *testing.B) {
	codec := newCodec(b)
	canonical := codec.Canonical(benchMessage())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := codec.Decode(canonical); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCloneMessage(b *testing.B) {
	codec, message := newCodec(b), benchMessage()
	b.ReportAllocs()
	for b.Loop() {
		codec.Clone(message)
	}
}

func BenchmarkCloneNode(b *testing.B) {
	codec, n := newCodec(b), benchNode()
	b.ReportAllocs()
	for b.Loop() {
		codec.Clone(n)
	}
}

func BenchmarkDiffNode(b *testing.B) {
	n := benchNode()
	other := newCodec(b).Clone(n).(*node)
	other.Role, other.Votes[2] = 1, vote{ID: 5}
	b.ReportAllocs()
	for b.Loop() {
		if changes := state.Diff(n, other); len(changes) != 2 {
			b.Fatal(changes)
		}
	}
}

func BenchmarkNewCodec(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		newCodec(b)
	}
}
