package network

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
)

// FrameHeader is the length in bytes of what comes before a frame's payload:
// the payload's length, the payload's checksum, and the checksum of these
// eight bytes, 32 bits each, most significant byte first. The header has a
// checksum of its own so that a flipped bit in the length is found at once,
// and does not make the reader wait for bytes that never come.
const FrameHeader = 12

// Errors of reading a frame. Each means that the rest of the stream is of no
// use either.
var (
	// ErrFrameCorrupt: a checksum is wrong.
	ErrFrameCorrupt = errors.New("frame is corrupt: checksum mismatch")
	// ErrFrameLimit: the payload is longer than the reader allows.
	ErrFrameLimit = errors.New("frame is longer than the limit")
)

// Checksum returns the CRC-32C (Castagnoli, RFC 3720) of data. It finds any
// three flipped bits in up to 256 MiB, and any five in a frame's header.
func Checksum(data []byte) uint32 {
	return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
}

// AppendFrame appends the frame of a payload, shorter than 4 GiB, to dst.
func AppendFrame(dst, payload []byte) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, FrameHeader)...)
	dst = append(dst, payload...)
	SealFrame(dst[start:])
	return dst
}

// SealFrame fills in the header of a frame whose payload, shorter than 4 GiB, begins
// at FrameHeader, so that no payload has to be copied.
func SealFrame(frame []byte) {
	payload := frame[FrameHeader:]
	if uint64(len(payload)) > uint64(^uint32(0)) {
		panic(fmt.Sprintf("network: a frame cannot hold %d bytes", len(payload)))
	}
	binary.BigEndian.PutUint32(frame, uint32(len(payload)))
	binary.BigEndian.PutUint32(frame[4:], Checksum(payload))
	binary.BigEndian.PutUint32(frame[8:], Checksum(frame[:8]))
}

// FramePayload returns how long the payload is that a frame's header announces.
func FramePayload(header []byte) int { return int(binary.BigEndian.Uint32(header)) }

// ReadFrame reads one frame and returns its payload, of at most limit bytes,
// in buffer's memory if that suffices. Errors: io.EOF before the first byte,
// io.ErrUnexpectedEOF within the frame, ErrFrameCorrupt, ErrFrameLimit, or
// what r says.
func ReadFrame(r io.Reader, buffer []byte, limit uint32) ([]byte, error) {
	if cap(buffer) < FrameHeader {
		buffer = make([]byte, FrameHeader)
	}
	header := buffer[:FrameHeader]
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(header)
	sum := binary.BigEndian.Uint32(header[4:])
	if binary.BigEndian.Uint32(header[8:]) != Checksum(header[:8]) {
		return nil, fmt.Errorf("header: %w", ErrFrameCorrupt)
	}
	if length > limit {
		return nil, fmt.Errorf("%w: %d > %d bytes", ErrFrameLimit, length, limit)
	}
	payload, err := readPayload(r, buffer, int(length))
	if err != nil {
		return nil, err
	}
	if Checksum(payload) != sum {
		return nil, fmt.Errorf("payload: %w", ErrFrameCorrupt)
	}
	return payload, nil
}

// payloadStep is how much memory a payload gets before any of it has come.
const payloadStep = 64 << 10

// readPayload reads so many bytes. A long payload gets its memory as it comes:
// whoever announces much and sends little costs little.
func readPayload(r io.Reader, buffer []byte, length int) ([]byte, error) {
	payload := buffer[:0]
	for len(payload) < length {
		have := len(payload)
		want := min(length, max(cap(payload), payloadStep, 2*have))
		payload = slices.Grow(payload, want-have)[:want]
		if _, err := io.ReadFull(r, payload[have:]); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return payload, nil
}
