"""The router: forwards everything at once, over several associations and a range of ports.

An edge server ingests on a port range (2104 to 2111 by default), and a router in front of it
spreads an exam's images over all of them.  Here an arrival is an exam whose images are all there
already; the lanes take them from one queue, each on its own association, until it is empty.
"""

from __future__ import annotations

import queue
import threading

from stepwedge.loadtests.links import Answer, Parcel
from stepwedge.loadtests.roles import ExamCut, ModalityStation, Shipment
from stepwedge.loadtests.scenarios import Router


class RouterStation(ModalityStation):
    """Forwards exams."""

    spec: Router  # type: ignore[assignment]

    ports: tuple[int, ...] = (0,)

    def send(self, shipment: Shipment) -> Answer:
        """Sends all images of an exam over all lanes.

        Raises ExamCut when not every one was acknowledged.
        """
        waiting: queue.SimpleQueue[tuple[int, Parcel]] = queue.SimpleQueue()
        for item in enumerate(self.supply(shipment.exam, shipment.identity)):
            waiting.put(item)
        lanes = min(self.spec.lanes, shipment.exam.images)
        answers: list[Answer] = []
        crashed: list[BaseException] = []
        threads = [
            threading.Thread(
                target=self._lane, args=(lane, waiting, shipment, answers, crashed), daemon=True
            )
            for lane in range(lanes)
        ]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except BaseException:
            # Cut in the middle: the lanes must not outlive the turn.
            _drain(waiting)
            self.cut()
            for thread in threads:
                thread.join(1.0)
            raise
        if crashed:
            raise crashed[0]
        self.leave()
        if shipment.failure:
            raise ExamCut(shipment.failure)
        return max(answers, key=lambda answer: answer.finished)

    def _lane(
        self,
        lane: int,
        waiting: queue.SimpleQueue[tuple[int, Parcel]],
        shipment: Shipment,
        answers: list[Answer],
        crashed: list[BaseException],
    ) -> None:
        port = self.ports[lane % len(self.ports)]
        try:
            while True:
                try:
                    index, parcel = waiting.get_nowait()
                except queue.Empty:
                    return
                # Lanes share a port where there are more of them: the purpose keeps them apart.
                purpose = f"storage {parcel.sop_class} lane {lane}"
                try:
                    answer = self.send_one(shipment, index, parcel, purpose, port)
                except ExamCut:
                    return  # this lane is dead; the others take what is left
                if answer is not None:
                    answers.append(answer)
        except BaseException as error:
            crashed.append(error)


def _drain(waiting: queue.SimpleQueue[tuple[int, Parcel]]) -> None:
    while True:
        try:
            waiting.get_nowait()
        except queue.Empty:
            return
