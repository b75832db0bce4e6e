"""How well faces are found and fitted, against the renderer's own truth: python scripts/measure_extraction.py [FACES]

Twins are drawn in many states, degraded like a phone's video, set into frames of 640×360, and looked for as
``python -m faceswap_lab faces`` does. Prints the tables of docs/own_faces.md. Takes FACES × 0.15 s of one core.
"""

import sys
from dataclasses import replace

import numpy as np

from faceswap_lab.faces.detector import Detector
from faceswap_lab.faces.embedders import embedders
from faceswap_lab.faces.mesh import Mesher
from faceswap_lab.twins import LANDMARK_NAMES, Head, degrade, identity, render, sample_state

PEOPLE = ("ada", "ben", "cleo", "dai")
MESH = {  # the mesh point nearest to a landmark of the renderer's
    "right_eye_outer": 33, "right_eye_inner": 133, "left_eye_inner": 362, "left_eye_outer": 263,
    "right_mouth_corner": 61, "left_mouth_corner": 291, "upper_lip_top": 0, "lower_lip_bottom": 17,
    "nose_tip": 4, "nose_base": 2, "chin": 152,
}  # fmt: skip
SIZE = 240  # px of a person's picture; the face is about 150 px wide


def frame_with(picture: np.ndarray, corner: tuple[int, int]) -> np.ndarray:
    frame = np.full((360, 640, 3), (90, 110, 100), np.uint8)
    frame[corner[1] : corner[1] + SIZE, corner[0] : corner[0] + SIZE] = picture
    return frame


def main(faces: int) -> None:
    rng = np.random.default_rng(0)
    heads = {who: Head(identity(who)) for who in PEOPLE}
    detector, mesher, judges = Detector(), Mesher(), embedders()
    rows, vectors = [], {judge.name: [] for judge in judges}
    for number in range(faces):
        who = PEOPLE[number % len(PEOPLE)]
        state = replace(sample_state(rng), yaw=float(rng.uniform(-1.2, 1.2)), pitch=float(rng.uniform(-0.35, 0.35)))
        if number % 3 == 0:
            state = replace(state, key_light=0.25, ambient=0.08)
        strength = (0.0, 0.5, 1.0)[number // 3 % 3]
        truth = render(heads[who], state, SIZE)
        corner = (int(rng.integers(0, 640 - SIZE)), int(rng.integers(0, 360 - SIZE)))
        frame = degrade(frame_with(truth.image, corner), rng, strength)
        known = {name: point + corner - 0.5 for name, point in zip(LANDMARK_NAMES, truth.landmarks)}
        found = detector.find(frame)
        row = {"yaw": np.degrees(state.yaw), "pitch": np.degrees(state.pitch), "found": bool(found), "state": state}
        row |= {"dark": number % 3 == 0, "strength": strength}
        if found:
            mesh = mesher.fit(frame, found[0])
            across = np.linalg.norm(known["left_eye_outer"] - known["right_eye_outer"]) / max(0.35, np.cos(state.yaw))
            errors = [np.linalg.norm(mesh.points[at, :2] - known[name]) / across for name, at in MESH.items()]
            row |= {"error": float(np.mean(errors)), "turn": mesh.turn, "expression": mesh.expression()}
            row["disagreement"] = mesh.disagreement
            for judge in judges if abs(state.yaw) < 0.8 else ():
                vectors[judge.name].append((who, judge.embed(frame, mesh.landmarks)))
        rows.append(row)
    print_tables(rows)
    print_identity(vectors)


def print_tables(rows: list[dict]) -> None:
    print("| turn | frames | found | landmark error | yaw error | pitch error |\n|---|---|---|---|---|---|")
    for low, high in ((0, 15), (15, 30), (30, 45), (45, 60), (60, 70)):
        print_line(f"{low}° to {high}°", [row for row in rows if low <= abs(row["yaw"]) < high])
    for name, dark in (("lit as usual", False), ("a quarter of the light", True)):
        print_line(name, [row for row in rows if row["dark"] == dark and abs(row["yaw"]) < 45])
    for strength in (0.0, 0.5, 1.0):
        like = [row for row in rows if row["strength"] == strength and abs(row["yaw"]) < 45]
        print_line(f"degraded {strength}", like)
    seen = [row for row in rows if row["found"] and abs(row["yaw"]) < 30]
    print("\n| measured | true | correlation |\n|---|---|---|")
    truths = {
        "mouth_open": lambda s: s.mouth_open,
        "smile": lambda s: s.smile,
        "eyes_open": lambda s: -max(s.blink_left, s.blink_right),
        "brows": lambda s: s.brow_raise,
        "gaze_x": lambda s: s.gaze_x,
    }
    for name, truth in truths.items():
        told = np.corrcoef([row["expression"][name] for row in seen], [truth(row["state"]) for row in seen])[0, 1]
        print(f"| {name} | {name} of the state | {told:.2f} |")
    print(f"\ndisagreement, 50 and 99 %: {np.percentile([row['disagreement'] for row in seen], [50, 99]).round(3)}")


def print_line(name: str, rows: list[dict]) -> None:
    seen = [row for row in rows if row["found"]]
    yaw = np.median([abs(row["turn"][0] - row["yaw"]) for row in seen])
    pitch = np.median([abs(row["turn"][1] - row["pitch"]) for row in seen])
    error = np.median([row["error"] for row in seen])
    print(f"| {name} | {len(rows)} | {len(seen) / len(rows):.0%} | {error:.1%} | {yaw:.1f}° | {pitch:.1f}° |")


def print_identity(vectors: dict[str, list]) -> None:
    print("\n| judge | same person (5 %, median) | other person (median, 95 %) |\n|---|---|---|")
    for name, told in vectors.items():
        who, units = np.array([person for person, _ in told]), np.array([vector for _, vector in told])
        cosines, upper = units @ units.T, np.triu_indices(len(told), 1)
        same = (who[:, None] == who)[upper]
        own, other = cosines[upper][same], cosines[upper][~same]
        low, high = np.percentile(own, 5), np.percentile(other, 95)
        print(f"| {name} | {low:.2f}, {np.median(own):.2f} | {np.median(other):.2f}, {high:.2f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 600)
