package tcp

import (
	"encoding/binary"
	"fmt"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/protocols/state"
)

// A frame's payload is messages one after the other, each with its length before
// it, 32 bits, most significant byte first. One with nothing in it is a sign of life.
const lengthBytes = 4

// frameFull is from how many bytes on a frame gets no more messages.
const frameFull = 64 << 10

// outbox holds what waits for a peer, as frames whose header has yet to be filled
// in. Encoding is the loop's work, so that it is known how much waits.
type outbox struct {
	frame    int // the most bytes of a payload
	frames   [][]byte
	bytes    int
	messages int
	// last is the length of the last frame before the latest message, and
	// whether that began it.
	last  int
	spare [][]byte
}

// add queues a message. An error leaves everything as it was.
func (o *outbox) add(codec *state.Codec, message protocols.Message) error {
	began := len(o.frames) == 0 || len(o.frames[len(o.frames)-1]) >= frameFull
	if began {
		o.frames = append(o.frames, o.fresh())
	}
	at := len(o.frames) - 1
	frame := o.frames[at]
	start := len(frame)
	frame = append(frame, 0, 0, 0, 0)
	frame, err := codec.AppendCanonical(frame, message)
	length := len(frame) - start - lengthBytes
	if err == nil && length+lengthBytes > o.frame {
		err = fmt.Errorf("the message has %d bytes, a frame holds %d", length, o.frame)
	}
	if err != nil {
		o.frames[at] = frame[:start]
		if began {
			o.frames = o.frames[:at]
		}
		return err
	}
	binary.BigEndian.PutUint32(frame[start:], uint32(length))
	if len(frame)-network.FrameHeader > o.frame { // together with those before it
		o.frames[at] = frame[:start]
		o.frames = append(o.frames, append(o.fresh(), frame[start:]...))
		start = network.FrameHeader
	} else {
		o.frames[at] = frame
	}
	o.last = start
	o.bytes += length + lengthBytes
	o.messages++
	return nil
}

// drop takes the latest message out again.
func (o *outbox) drop() {
	at := len(o.frames) - 1
	o.bytes -= len(o.frames[at]) - o.last
	o.messages--
	if o.frames[at] = o.frames[at][:o.last]; o.last == network.FrameHeader {
		o.frames = o.frames[:at]
	}
}

// fresh returns an empty frame.
func (o *outbox) fresh() []byte {
	if n := len(o.spare); n > 0 {
		frame := o.spare[n-1]
		o.spare = o.spare[:n-1]
		return frame
	}
	return make([]byte, network.FrameHeader, 4<<10)
}

// take hands over all that waits. The frames come back by recycle.
func (o *outbox) take(used [][]byte) [][]byte {
	taken := o.frames
	o.frames, o.bytes, o.messages = used[:0], 0, 0
	return taken
}

// recycle takes frames back whose memory can be used again.
func (o *outbox) recycle(frames [][]byte) {
	for _, frame := range frames {
		if len(o.spare) < 4 && cap(frame) <= 2*frameFull {
			o.spare = append(o.spare, frame[:network.FrameHeader])
		}
	}
}

// clear drops all that waits.
func (o *outbox) clear() {
	o.recycle(o.frames)
	o.frames, o.bytes, o.messages = o.frames[:0], 0, 0
}
