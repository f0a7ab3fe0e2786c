"""What is measured: the parts of each section, most valuable section first. A part is `module.function`."""

SECTIONS: dict[str, dict[str, str]] = {
    # 784-300-100-10, batch 32, SGD: seconds of an epoch
    "dense": {"keras": "epochs.dense", "by-hand": "loops.dense", "torch": "torch_loops.dense"},
    # three convolutions on 32 × 32 × 3, Adam, batch 64 and 512: seconds of an epoch
    "cnn": {"keras": "epochs.cnn", "by-hand": "loops.cnn", "torch": "torch_loops.cnn"},
    # a whole `kerasdeep train` of the dense net: seconds cold and warm, XLA programs and where they come from
    "programs": {"command": "commands.programs"},
    # eight seeds of the dense net in one program by hand
    "seeds": {"by-hand": "loops.seeds"},
    # residual net in mixed_bfloat16 with flips and shifts: first epoch, steady pace
    "resnet9": {"command": "commands.resnet9", "by-hand": "loops.resnet9"},
    # four layers of 8,192, batch 8,192, mixed_bfloat16: share of the measured matrix product
    "wide": {"keras": "epochs.wide", "by-hand": "loops.wide"},
    # SIGKILL and --resume end on the bits of the run that nobody killed
    "kill": {"command": "commands.kill"},
    # two runs of one file: the same weights?
    "bits": {"command": "commands.bits"},
}
