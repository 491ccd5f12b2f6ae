package door

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"quorumlab/network/tcp"
)

// line is one connection of the binary API: its questions under way, and its answers
// that wait. A goroutine of its own reads; answers are put down by the node's loop,
// and written by it too when a batch is done, unless that would have to wait.
type line struct {
	door *Door
	conn net.Conn
	try  func(piece []byte) (int, error) // writes what can be written at once

	mu sync.Mutex
	// room tells the reader that there may be room for another question.
	room sync.Cond
	// oldest and newest are the ends of the list of questions under way.
	oldest, newest *asked
	count          int
	out, spare     []byte // answers that wait; memory for them
	waiting        int    // bytes of answers that are not written yet
	writing        bool   // somebody writes, and looks again when he has done so
	listed         bool   // among those that are flushed when the batch is done
	draining       bool   // no more questions are read
	closed         bool
	limit          *time.Timer // when the oldest question has waited for too long; nil: none does
}

func newLine(d *Door, conn net.Conn) *line {
	l := &line{door: d, conn: conn, try: attempts(conn)}
	l.room.L = &l.mu
	return l
}

// attempts returns a function that writes to a connection what can be written at
// once: for a connection that cannot do that, nothing.
func attempts(conn net.Conn) func([]byte) (int, error) {
	under, ok := conn.(syscall.Conn)
	if !ok {
		return func([]byte) (int, error) { return 0, nil }
	}
	raw, err := under.SyscallConn()
	if err != nil {
		return func([]byte) (int, error) { return 0, nil }
	}
	var piece []byte
	var n int
	var failed error
	write := func(fd uintptr) bool {
		n, failed = syscall.Write(int(fd), piece)
		return true
	}
	return func(b []byte) (int, error) {
		piece = b
		err := raw.Write(write)
		piece = nil
		switch {
		case err != nil:
			return 0, err
		case failed == syscall.EAGAIN || failed == syscall.EINTR:
			return 0, nil
		}
		return max(n, 0), failed
	}
}

// ready waits until the next question may be read. It reports false if none may.
func (l *line) ready() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for !l.draining && !l.closed && (l.count >= askedMost || l.waiting > answersMost) {
		l.room.Wait()
	}
	return !l.draining && !l.closed
}

// enter takes note of a question that the node is about to be asked.
func (l *line) enter(a *asked) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a.older = l.newest; a.older != nil {
		a.older.newer = a
	} else {
		l.oldest = a
	}
	l.newest = a
	l.count++
	if l.limit == nil {
		l.limit = time.AfterFunc(timeoutUsual, l.expire)
	}
}

// leave takes note that a question is not under way any more.
func (l *line) leave(a *asked) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a.isOver {
		return
	}
	a.isOver = true
	if a.read != nil {
		a.read.end()
	}
	if a.older != nil {
		a.older.newer = a.newer
	} else {
		l.oldest = a.newer
	}
	if a.newer != nil {
		a.newer.older = a.older
	} else {
		l.newest = a.older
	}
	a.older, a.newer = nil, nil
	l.count--
	l.room.Broadcast()
}

// expire answers the questions that have waited for too long: nobody knows what
// became of them.
func (l *line) expire() {
	var late []*asked
	l.mu.Lock()
	now := time.Now()
	a := l.oldest
	for ; a != nil && now.Sub(a.begin) >= timeoutUsual; a = a.newer {
		late = append(late, a)
	}
	switch {
	case l.closed || a == nil:
		l.limit = nil
	default:
		l.limit.Reset(timeoutUsual - now.Sub(a.begin))
	}
	l.mu.Unlock()
	for _, a := range late {
		if a.Forget() {
			l.leave(a)
			l.door.refuse(l, a.number, faultOfAsking(tcp.ErrUnknown))
		}
	}
	l.flush()
}

// answer puts an answer down. It is written with the next flush. If very much waits in
// all, and not little of it here, the other end is one that does not take its answers.
func (l *line) answer(number uint64, made *answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	before := len(l.out)
	l.out = appendAnswer(l.out, number, made)
	l.wait(len(l.out) - before)
	if l.waiting > answersMost && l.door.lines.waiting.Load() > allAnswersMost {
		l.shut()
		return
	}
	if !l.listed {
		l.listed = true
		l.door.lines.list(l)
	}
}

// send writes bytes behind all that waits.
func (l *line) send(b []byte) {
	l.mu.Lock()
	l.out = append(l.out, b...)
	l.wait(len(b))
	l.mu.Unlock()
	l.flush()
}

// flush writes what waits, as far as that can be done at once. A goroutine does the
// rest.
func (l *line) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listed = false
	if l.writing {
		return
	}
	l.writing = true
	for len(l.out) > 0 && !l.closed {
		piece := l.take()
		l.mu.Unlock()
		n, err := l.try(piece)
		l.mu.Lock()
		if err == nil && n < len(piece) {
			go l.drain(piece, n)
			return
		}
		l.wrote(piece, err)
	}
	l.writing = false
}

// take returns what waits; l.mu is held.
func (l *line) take() []byte {
	piece := l.out
	l.out, l.spare = l.spare[:0], nil
	return piece
}

// wait takes note that more bytes wait, or fewer; l.mu is held.
func (l *line) wait(more int) {
	l.waiting += more
	l.door.lines.waiting.Add(int64(more))
}

// wrote takes note that a piece was written, or not; l.mu is held.
func (l *line) wrote(piece []byte, err error) {
	if l.closed {
		return
	}
	if err != nil {
		l.shut()
		return
	}
	l.wait(-len(piece))
	if cap(piece) <= answersMost {
		l.spare = piece[:0]
	}
	l.room.Broadcast()
}

// drain writes a piece, of which n bytes are written, and what comes after it, and
// waits for the other end to take it.
func (l *line) drain(piece []byte, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		l.mu.Unlock()
		l.conn.SetWriteDeadline(time.Now().Add(answerWithin))
		_, err := l.conn.Write(piece[n:])
		l.mu.Lock()
		l.wrote(piece, err)
		if len(l.out) == 0 || l.closed {
			break
		}
		piece, n = l.take(), 0
	}
	l.conn.SetWriteDeadline(time.Time{})
	l.writing = false
	l.room.Broadcast()
}

// shut closes the connection; l.mu is held. The reader does the rest.
func (l *line) shut() {
	l.closed = true
	l.out, l.spare = nil, nil
	l.wait(-l.waiting)
	l.conn.Close()
	l.room.Broadcast()
}

// end is called when nothing more can be read. Answers are of use only to one who
// is there: if it was not the door that stopped reading, nobody is.
func (l *line) end() {
	l.mu.Lock()
	draining := l.draining
	l.mu.Unlock()
	if !draining {
		l.close()
	}
}

// close ends the line, and the waiting for its questions.
func (l *line) close() {
	l.mu.Lock()
	if !l.closed {
		l.shut()
	}
	if l.limit != nil {
		l.limit.Stop()
		l.limit = nil
	}
	var left []*asked
	for a := l.oldest; a != nil; a = a.newer {
		left = append(left, a)
	}
	l.mu.Unlock()
	for _, a := range left {
		if a.Forget() {
			l.leave(a)
		}
	}
	l.door.lines.remove(l)
}

// lines are the connections of the binary API.
type lines struct {
	mu     sync.Mutex
	all    map[*line]struct{}
	dirty  []*line // those with answers that nobody has begun to write
	used   []*line
	closed bool
	// waiting is how many bytes of answers wait in all of them.
	waiting atomic.Int64
}

func (s *lines) add(l *line) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.all[l] = struct{}{}
	return true
}

func (s *lines) remove(l *line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, l)
}

func (s *lines) list(l *line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dirty = append(s.dirty, l)
}

// flush has all answers written that wait.
func (s *lines) flush() {
	s.mu.Lock()
	dirty := s.dirty
	s.dirty, s.used = s.used[:0], nil
	s.mu.Unlock()
	for _, l := range dirty {
		l.flush()
	}
	clear(dirty)
	s.mu.Lock()
	s.used = dirty
	s.mu.Unlock()
}

// Settled is to be called when a batch of steps of the node is done.
func (d *Door) Settled() { d.lines.flush() }

// Drain reads no more questions from connections of the binary API, and closes each
// when it has its answers, or when the context ends.
func (d *Door) Drain(ctx context.Context) {
	s := &d.lines
	s.mu.Lock()
	s.closed = true
	var all []*line
	for l := range s.all {
		all = append(all, l)
	}
	s.mu.Unlock()
	stop := context.AfterFunc(ctx, func() {
		for _, l := range all {
			l.close()
		}
	})
	defer stop()
	var finished sync.WaitGroup
	for _, l := range all {
		finished.Go(l.finish)
	}
	finished.Wait()
}

// finish waits for the answers under way, and closes the line.
func (l *line) finish() {
	l.mu.Lock()
	l.draining = true
	l.conn.SetReadDeadline(time.Unix(1, 0))
	for !l.closed && (l.count > 0 || len(l.out) > 0 || l.writing) {
		l.room.Wait()
	}
	l.mu.Unlock()
	l.close()
}
