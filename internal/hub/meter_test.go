package hub

import "testing"

func TestMeter(t *testing.T) {
	var m meter
	for at := 0; at < 8000; at += 50 {
		m.add(ms(at), 1000)
	}
	if bits, frames := m.rate(ms(8000)); bits != 160_000 || frames != 20 {
		t.Errorf("20 frames of 1,000 bytes a second measure as %d bit/s, %v frames/s", bits, frames)
	}
	if bits, frames := m.rate(ms(10_500)); bits != 80_000 || frames != 10 {
		t.Errorf("2.5 s of 5 s silent: %d bit/s, %v frames/s", bits, frames)
	}
	if bits, _ := m.rate(ms(60_000)); bits != 0 {
		t.Errorf("after a minute of silence: %d bit/s", bits)
	}
	m.add(ms(60_000), 1000)
	m.add(ms(60_000), 1000)
	if bits, _ := m.rate(ms(60_600)); bits != 3200 {
		t.Errorf("2,000 bytes in 5 s after a long silence: %d bit/s", bits)
	}
}

func TestMeterAtTheBeginning(t *testing.T) {
	m := meter{first: 20, step: 20}
	for at := 10_000; at < 11_000; at += 40 {
		m.add(ms(at), 1000)
	}
	if bits, frames := m.rate(ms(11_000)); bits != 200_000 || frames != 25 {
		t.Errorf("measured over its first second: %d bit/s, %v frames/s", bits, frames)
	}
}
