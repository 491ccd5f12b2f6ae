package durable

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// The engine's log cannot tell rot near its end from a write that a crash tore,
// and drops what follows, though it was forced. The witness is a file beside it
// that says how many batches were forced. It is written after each force and is
// not forced itself: after a loss of power it may say less than is true, never
// more. If the store has fewer batches than it says, some were lost.

const (
	witnessName  = "witness"
	witnessBytes = 8 + 4
)

// openWitness opens the file, and returns how many batches it says there are; 0
// if it says nothing that can be read.
func (s *Store) openWitness() (sequence uint64, err error) {
	path := s.path(witnessName)
	if _, err := s.fs.Stat(path); errors.Is(err, fs.ErrNotExist) {
		file, err := s.fs.Create(path, vfs.WriteCategoryUnspecified)
		if err != nil {
			return 0, err
		}
		if err := errors.Join(file.Close(), syncFolder(s.fs, s.dir)); err != nil {
			return 0, err
		}
	}
	if s.witness, err = s.fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified); err != nil {
		return 0, err
	}
	b := make([]byte, witnessBytes)
	if n, err := s.witness.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	} else if n < witnessBytes {
		return 0, nil
	}
	return decodeWitness(b), nil
}

// testify writes how many batches are forced.
func (s *Store) testify(sequence uint64) error {
	_, err := s.witness.WriteAt(encodeWitness(sequence), 0)
	return err
}

func encodeWitness(sequence uint64) []byte {
	b := binary.BigEndian.AppendUint64(nil, sequence)
	return binary.LittleEndian.AppendUint32(b, checksum([]byte(witnessName), whole, b))
}

func decodeWitness(b []byte) (sequence uint64) {
	if checksum([]byte(witnessName), whole, b[:8]) != binary.LittleEndian.Uint32(b[8:]) {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}
