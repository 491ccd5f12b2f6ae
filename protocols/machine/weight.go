package machine

import "quorumlab/protocols"

// Weight tells when a log is long enough for a snapshot by its bytes: a log that is cut
// by the number of its commands alone would take any amount of memory where they are
// large. It counts what was executed since the last snapshot.
type Weight struct {
	// Bytes were executed since then; Room is how many may be, 0 for weightRoom.
	Bytes, Room int
}

const (
	// weightRoom is how many bytes of commands a log may have at least.
	weightRoom = 32 << 20
	// WeightKept is the most bytes that a log keeps from before a snapshot, for those who
	// lag.
	WeightKept = 8 << 20
)

// SizeOf returns about how many bytes a client's command has; 0 if they are few.
func SizeOf(command protocols.Command) int {
	if sized, ok := command.(protocols.Sized); ok {
		return sized.Size()
	}
	return 0
}

// Add counts a command that was executed.
func (w *Weight) Add(command protocols.Command) { w.Bytes += SizeOf(command) }

// Full tells whether it is time for a snapshot; where that has to wait, times is how
// many times later than else.
func (w *Weight) Full(times uint64) bool {
	return w.Bytes >= weightRoom && uint64(w.Bytes) >= times*uint64(max(w.Room, weightRoom))
}

// Begin begins anew after a snapshot. A large one takes long to write, so the log may
// become as large as it is until the next.
func (w *Weight) Begin(snapshot protocols.Record) {
	*w = Weight{}
	if sized, ok := snapshot.(protocols.Sized); ok && sized.Size() > weightRoom {
		w.Room = sized.Size()
	}
}

// Size implements protocols.Sized, for the state machine's part.
func (s SessionsSnapshot) Size() int {
	if sized, ok := s.Machine.(protocols.Sized); ok {
		return sized.Size()
	}
	return 0
}

// Size implements protocols.Sized.
func (j JournalPages) Size() int {
	bytes := 0
	for _, page := range j.Pages {
		bytes += len(page)
	}
	return bytes
}
