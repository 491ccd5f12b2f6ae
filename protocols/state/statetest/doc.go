// Package statetest tests whether types are fit for package state: whether
// clones, canonical bytes, differences and JSON views of random values keep
// their promises. The oracle is reflection without the codec.
//
// It is for tests only. Of this module it may import only protocols/state.
package statetest
