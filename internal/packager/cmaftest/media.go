package cmaftest

import (
	"bytes"
	"errors"
	"fmt"
	"time"
)

// Media is what a segment or a part has.
type Media struct {
	// Start is the decoding time of the first sample and Duration that of all, in
	// ticks.
	Start, Duration int64
	// Chunks and Samples are how many there are.
	Chunks, Samples int
	// Sync is set when decoding can start at the first sample, HasSync when it can at
	// one.
	Sync, HasSync bool
	// Wall is what the producer's time says of Start; zero where there is none.
	Wall time.Time

	sequence uint32 // of the last chunk
}

// End is where the next one begins.
func (m Media) End() int64 { return m.Start + m.Duration }

// CheckMedia reads a segment or a part: whole chunks (CMAF §7.3.2.3).
func CheckMedia(t Track, file []byte) (m Media, err error) {
	top, err := walk(file, 0)
	if err != nil {
		return m, err
	}
	for i := 0; i < len(top); {
		// Before a chunk's moof there may be what it says of itself, in this order.
		var wall time.Time
		var produced int64
		begun := 0
		for ; i < len(top) && top[i].kind != "moof"; i++ {
			order := map[string]int{"styp": 1, "prft": 2, "emsg": 3}[top[i].kind]
			if order == 0 || order < begun || order == begun && order != 3 {
				return m, fmt.Errorf("a box %q at %d (CMAF §7.3.2.3)", top[i].kind, top[i].at)
			}
			begun = order
			switch order {
			case 1:
				err = checkBrands(top[i])
			case 2:
				produced, wall, err = producer(t, top[i])
			case 3:
				if f := top[i].fields(); f.version != 1 {
					err = fmt.Errorf("emsg of version %d, which has no time of its own (CMAF §7.4.5)", f.version)
				}
			}
			if err != nil {
				return m, err
			}
		}
		if i+1 >= len(top) || top[i+1].kind != "mdat" {
			return m, errors.New("a chunk must have moof and then mdat (CMAF §7.3.2.3)")
		}
		if err := m.add(t, top[i], top[i+1]); err != nil {
			return m, fmt.Errorf("chunk %d: %w", m.Chunks, err)
		}
		if m.Chunks == 1 {
			m.Wall = wall
			if !wall.IsZero() && produced != m.Start {
				return m, fmt.Errorf("prft speaks of %d, and the chunk begins at %d (ISO §8.16.5)", produced, m.Start)
			}
		}
		i += 2
	}
	if m.Chunks == 0 {
		return m, errors.New("there is no chunk")
	}
	return m, nil
}

// producer reads a producer reference time.
func producer(t Track, b box) (media int64, wall time.Time, err error) {
	f := b.fields()
	id, seconds, fraction := f.u32(), f.u32(), f.u32()
	at := f.u64()
	if f.short || f.version != 1 || id != t.ID || len(f.b) != 0 {
		return 0, wall, fmt.Errorf("prft of version %d for track %d (ISO §8.16.5)", f.version, id)
	}
	const sinceNTP = 2208988800 // from 1900 to 1970
	return int64(at), time.Unix(int64(seconds)-sinceNTP, int64(fraction)*1e9>>32), nil
}

// The flags of tfhd and trun (ISO/IEC 14496-12 §8.8.7.1, §8.8.8.1).
const (
	tfBaseOffset, tfDescription, tfDuration, tfSize, tfFlags, tfMoof = 0x1, 0x2, 0x8, 0x10, 0x20, 0x20000
	trData, trFirst, trDuration, trSize, trFlags, trOffset           = 0x1, 0x4, 0x100, 0x200, 0x400, 0x800
)

// add reads a chunk, which must go on where the one before ended.
func (m *Media) add(t Track, moof, mdat box) error {
	boxes, err := moof.children()
	if err != nil {
		return err
	}
	if len(boxes) != 2 || boxes[0].kind != "mfhd" || boxes[1].kind != "traf" {
		return errors.New("moof must have mfhd and one traf (ISO §8.8.4, CMAF §7.3.2.3)")
	}
	sequence := boxes[0].fields().u32()
	if m.Chunks > 0 && sequence <= m.sequence {
		return fmt.Errorf("sequence number %d behind %d (ISO §8.8.5)", sequence, m.sequence)
	}
	m.sequence = sequence
	boxes, err = boxes[1].children()
	if err != nil {
		return err
	}
	if len(boxes) != 3 || boxes[0].kind != "tfhd" || boxes[1].kind != "tfdt" || boxes[2].kind != "trun" {
		return errors.New("traf must have tfhd, tfdt and trun (RFC §3.1.2, CMAF §7.5.15)")
	}
	head := boxes[0].fields()
	if id := head.u32(); id != t.ID {
		return fmt.Errorf("it is of track %d, the header of %d (ISO §8.8.7)", id, t.ID)
	}
	if head.flags&tfBaseOffset != 0 || head.flags&tfMoof == 0 {
		return fmt.Errorf("tfhd has flags %#x, must have default-base-is-moof and no base-data-offset (CMAF §7.5.15)", head.flags)
	}
	if head.flags&tfDescription != 0 && head.u32() != 1 {
		return errors.New("another sample description than the header's (ISO §8.8.7)")
	}
	var each struct{ duration, size, flags uint32 }
	for _, d := range []struct {
		flag uint32
		to   *uint32
	}{{tfDuration, &each.duration}, {tfSize, &each.size}, {tfFlags, &each.flags}} {
		if head.flags&d.flag != 0 {
			*d.to = head.u32()
		}
	}
	when := boxes[1].fields()
	start := int64(when.u32())
	if when.version == 1 {
		start = start<<32 | int64(when.u32())
	}
	if m.Chunks > 0 && start != m.End() {
		return fmt.Errorf("tfdt is %d, the chunk before ended at %d (CMAF §7.3.2.3)", start, m.End())
	}
	if m.Chunks == 0 {
		m.Start = start
	}

	run := boxes[2].fields()
	samples := run.u32()
	if run.flags&trData == 0 {
		return errors.New("trun has no data-offset (CMAF §7.5.16)")
	}
	if at := int(run.u32()); at != mdat.at+8-moof.at {
		return fmt.Errorf("trun points to %d, mdat has its data at %d (ISO §8.8.8)", at, mdat.at+8-moof.at)
	}
	if run.flags&trFirst != 0 && run.flags&trFlags != 0 {
		return errors.New("trun has first-sample-flags and flags of each (ISO §8.8.8.1)")
	}
	first := each.flags
	if run.flags&trFirst != 0 {
		first = run.u32()
	}
	var size uint64
	for i := range samples {
		duration, bytes, flags := each.duration, each.size, each.flags
		if run.flags&trDuration != 0 {
			duration = run.u32()
		}
		if run.flags&trSize != 0 {
			bytes = run.u32()
		}
		if i == 0 {
			flags = first
		}
		if run.flags&trFlags != 0 {
			flags = run.u32()
		}
		if run.flags&trOffset != 0 {
			if offset := run.u32(); run.version == 0 && int32(offset) < 0 {
				return fmt.Errorf("an offset of %d in a trun of version 0 (ISO §8.8.8)", int32(offset))
			}
		}
		if run.short {
			return fmt.Errorf("trun has no %d samples (ISO §8.8.8)", samples)
		}
		if duration == 0 || bytes == 0 {
			return fmt.Errorf("sample %d lasts %d ticks and has %d bytes", i, duration, bytes)
		}
		// ISO §8.8.3.1: sample_is_non_sync_sample, and sample_depends_on of 2.
		sync := flags&(1<<16) == 0
		if sync && flags>>24&3 == 1 {
			return fmt.Errorf("sample %d is a sync sample that depends on others (ISO §8.6.4.3)", i)
		}
		if t.Audio && !sync {
			return fmt.Errorf("sample %d is sound and no sync sample", i)
		}
		if m.Samples == 0 {
			m.Sync = sync
		}
		m.HasSync = m.HasSync || sync
		m.Samples++
		m.Duration += int64(duration)
		size += uint64(bytes)
	}
	if samples == 0 || len(run.b) != 0 || head.short || len(head.b) != 0 || when.short {
		return fmt.Errorf("%d samples, or bytes that are too many or missing (ISO §8.8.7, §8.8.8)", samples)
	}
	if size != uint64(len(mdat.body)) {
		return fmt.Errorf("samples of %d bytes in a mdat of %d (CMAF §7.3.2.3)", size, len(mdat.body))
	}
	m.Chunks++
	return nil
}

// CheckParts reads a segment and its parts, which must be the segment, one after
// another (RFC §4.4.4.9, §6.2.1).
func CheckParts(t Track, segment []byte, parts [][]byte) (of []Media, err error) {
	if joined := bytes.Join(parts, nil); !bytes.Equal(joined, segment) {
		return nil, fmt.Errorf("the parts have %d bytes and are not the segment, of %d (RFC §6.2.1)", len(joined), len(segment))
	}
	for i, part := range parts {
		m, err := CheckMedia(t, part)
		if err != nil {
			return nil, fmt.Errorf("part %d: %w", i, err)
		}
		if i > 0 && m.Start != of[i-1].End() {
			return nil, fmt.Errorf("part %d begins at %d, the one before ended at %d (CMAF §7.3.2.3)", i, m.Start, of[i-1].End())
		}
		of = append(of, m)
	}
	return of, nil
}
