package tcp

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
)

// stream is a connection with a peer on which both have agreed: a goroutine reads,
// another one writes.
type stream struct {
	peer *peer
	conn net.Conn
	// dialed: this node dialed, and so has to confirm.
	dialed bool
	wake   chan struct{}
	over   chan struct{} // closed when it failed
	done   chan struct{} // closed when the peer knows

	once sync.Once
	why  error // of the first failure; to be read when over is closed
}

func newStream(p *peer, conn net.Conn, dialed bool) *stream {
	return &stream{
		peer: p, conn: conn, dialed: dialed,
		wake: make(chan struct{}, 1), over: make(chan struct{}), done: make(chan struct{}),
	}
}

func (s *stream) ring() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// fail ends the stream, if nothing has yet.
func (s *stream) fail(why error) {
	s.once.Do(func() {
		s.why = why
		close(s.over)
		s.conn.Close()
	})
}

// run reads until the stream is over, and then tells the peer of it: what was
// read comes first.
func (s *stream) run() {
	defer s.peer.driver.all.Done()
	var writer sync.WaitGroup
	writer.Go(func() { s.fail(s.write()) })
	s.fail(s.read())
	writer.Wait()
	s.peer.broken(s, s.why)
}

// write sends what waits for the peer, and a sign of life when nothing does.
func (s *stream) write() error {
	limits := s.peer.driver.config.Limits
	idle := time.NewTicker(limits.KeepAlive)
	defer idle.Stop()
	var frames [][]byte
	if s.dialed {
		frames = append(frames, make([]byte, network.FrameHeader))
	}
	wrote := true
	for {
		for _, frame := range frames {
			network.SealFrame(frame)
			if err := s.conn.SetWriteDeadline(time.Now().Add(limits.Silence)); err != nil {
				return err
			}
			n, err := s.conn.Write(frame)
			s.peer.counters.bytesOut.Add(uint64(n))
			if err != nil {
				return err
			}
			wrote = true
		}
		select {
		case <-s.over:
			return nil
		case <-s.wake:
			frames = s.next(frames)
		case <-idle.C:
			if frames = s.next(frames); len(frames) == 0 && !wrote {
				frames = append(frames, make([]byte, network.FrameHeader))
			}
			wrote = false
		}
	}
}

// next returns what waits for the peer, and gives back what it returned before.
func (s *stream) next(used [][]byte) [][]byte {
	s.peer.mu.Lock()
	defer s.peer.mu.Unlock()
	s.peer.out.recycle(used)
	return s.peer.out.take(used)
}

// read brings what the peer sends to the mailbox.
func (s *stream) read() error {
	config := &s.peer.driver.config
	limits := config.Limits
	reader := bufio.NewReaderSize(s.conn, frameFull)
	var buffer []byte
	var messages []protocols.Message
	var deadline time.Time
	for {
		// To set it is not free, and need not be exact.
		if now := time.Now(); deadline.Sub(now) < limits.Silence-limits.Silence/8 {
			deadline = now.Add(limits.Silence)
			if err := s.conn.SetReadDeadline(deadline); err != nil {
				return err
			}
		}
		frame, err := network.ReadFrame(reader, buffer, uint32(limits.Frame))
		if err != nil {
			return readError(err)
		}
		if messages, err = s.decode(frame, messages[:0]); err != nil {
			return err
		}
		if len(messages) > 0 && !s.peer.driver.mailbox.deliver(s.peer.id, messages, len(frame)) {
			return errStopping
		}
		s.peer.arrived(len(messages), network.FrameHeader+len(frame))
		clear(messages)
		buffer = frame
		if cap(buffer) > 4*frameFull { // a large one is rare
			buffer = nil
		}
	}
}

// decode takes the messages out of a frame.
func (s *stream) decode(frame []byte, messages []protocols.Message) ([]protocols.Message, error) {
	for len(frame) > 0 {
		if len(frame) < lengthBytes {
			return nil, fmt.Errorf("the peer's frame ends within a length")
		}
		length := int(binary.BigEndian.Uint32(frame))
		frame = frame[lengthBytes:]
		if length > len(frame) {
			return nil, fmt.Errorf("the peer's frame ends within a message of %d bytes", length)
		}
		message, err := s.peer.driver.config.Codec.Decode(frame[:length])
		if err != nil {
			return nil, fmt.Errorf("the peer sent no message of this format: %w", err)
		}
		messages = append(messages, message)
		frame = frame[length:]
	}
	return messages, nil
}

// readError names the usual end of a stream.
func readError(err error) error {
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return fmt.Errorf("the peer is silent: %w", err)
	}
	return err
}
