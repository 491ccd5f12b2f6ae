package state_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"quorumlab/protocols/state"
)

var errSource = errors.New("the source is dry")

// An error of who takes or gives pieces ends the walk, and is what is returned.
func TestPiecesStopAtAnError(t *testing.T) {
	codec := newCodec(t)
	value := []put{{Key: strings.Repeat("a", 100)}, {Key: strings.Repeat("b", 100)}, {Key: strings.Repeat("c", 100)}}
	taken := 0
	take := func([]byte) error {
		taken++
		return errSource
	}
	if err := codec.AppendPieces(value, 16, take); !errors.Is(err, errSource) || taken != 1 {
		t.Errorf("taken %d times, error %v", taken, err)
	}
	if _, err := codec.DecodePieces(300, func() ([]byte, error) { return nil, errSource }); !errors.Is(err, errSource) {
		t.Errorf("error %v", err)
	}
	for _, piece := range [][]byte{nil, make([]byte, 301)} {
		if _, err := codec.DecodePieces(300, func() ([]byte, error) { return piece, nil }); err == nil {
			t.Errorf("a piece of %d bytes of 300 was taken", len(piece))
		}
	}
	if err := codec.AppendPieces(func() {}, 16, take); err == nil || !strings.Contains(err.Error(), "not registered") {
		t.Errorf("error %v", err)
	}
	var got []byte
	var encoder state.Encoder
	err := encoder.Pieces(value, 7, func(piece []byte) error {
		got = append(got, piece...)
		return nil
	})
	if err != nil || !bytes.Equal(got, codec.Canonical(value)) {
		t.Errorf("%x, %v", got, err)
	}
}
