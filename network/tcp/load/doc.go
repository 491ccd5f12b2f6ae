// Package load puts load on a service and measures how it bears it.
//
// In a closed loop each client asks, waits for the answer, and asks again: that
// finds how much can be done. In an open loop requests are due at a given rate,
// whatever became of those before: that finds how long they take. There the time
// of a request is counted from the instant at which it was due, not from that
// at which a client came to send it; else a service that stands still for a second
// would be asked nothing for that second, and the percentiles would not show it
// (coordinated omission).
//
// The package knows no service: what a request is is passed in. It imports nothing
// of this module.
package load
