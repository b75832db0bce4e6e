import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from faceswap_lab.data.sampler import SideSampler
from faceswap_lab.data.sampler_choice import SamplerRefused, chosen, free_bytes, resident_faces
from tests.data.recipes import WARP_2018, noise_faces

GIB = 2**30
SAMPLERS = {side: SideSampler(noise_faces(2, 64), WARP_2018, 16, 0, side) for side in ("A", "B", "C")}


@pytest.mark.parametrize(
    ("device", "suffice", "needed", "free", "sampler"),
    [
        ("cuda", True, 5 * GIB, 10 * GIB, "device"),
        ("cuda", True, 5 * GIB + 1, 10 * GIB, "cv2"),
        ("cuda", False, 1, 10 * GIB, "cv2"),
        ("cpu", True, 1, None, "cv2"),
        ("mps", True, 1, None, "cv2"),
    ],
)
def test_auto_takes_a_gpu_with_room_to_spare(device, suffice, needed, free, sampler):
    assert chosen("auto", device, suffice, needed, free) == sampler


@given(st.sampled_from(["cuda", "cpu", "mps"]), st.booleans(), st.integers(0), st.none() | st.integers(0))
def test_auto_and_cv2_are_never_refused(device, suffice, needed, free):
    assert chosen("cv2", device, suffice, needed, free) == "cv2"
    assert chosen("auto", device, suffice, needed, free) in ("cv2", "device")


def test_who_asks_for_the_device_may_fill_it():
    assert chosen("device", "cuda", True, 10 * GIB, 10 * GIB) == "device"
    assert chosen("device", "cpu", True, 10 * GIB, None) == "device"


@pytest.mark.parametrize(
    ("asked_of", "told"),
    [
        (("cuda", True, 3 * GIB, 2 * GIB), ["need 3,221,225,472 bytes (3.0 GiB)", "2,147,483,648 (2.0 GiB) are free"]),
        (("mps", True, 1, None), ["devices of type mps"]),
        (("cuda", False, 1, GIB), ["augmentation.photometric", "augmentation.two_stage"]),
    ],
)
def test_what_the_device_cannot_do_is_refused_with_the_remedy(asked_of, told):
    with pytest.raises(SamplerRefused) as error:
        chosen("device", *asked_of)
    assert not [
        part for part in (*told, "data.sampler=device", "Use data.sampler=cv2.") if part not in str(error.value)
    ]


def test_the_device_with_the_least_room_decides_for_all(monkeypatch):
    monkeypatch.setattr("faceswap_lab.data.sampler_choice.free_bytes", lambda device: 10 * GIB)
    needed = 3 * 2 * 64 * 64 * 4  # three sides of two faces
    assert resident_faces("device", SAMPLERS, torch.device("cpu"), lambda free: needed) is not None
    with pytest.raises(SamplerRefused, match=f"need {needed:,} bytes"):
        resident_faces("device", SAMPLERS, torch.device("cpu"), lambda free: needed - 1)


def test_nobody_asks_how_much_a_cpu_has_free():
    assert free_bytes(torch.device("cpu")) is None
    assert resident_faces("auto", SAMPLERS, torch.device("cpu")) is None
